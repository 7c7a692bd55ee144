//! What the included P4 files say, for both programs.

macro_rules! group_face {
    () => {
        /// From headers.p4.
        pub const ETHERTYPE_IPV4: u16 = 0x0800;
        /// From headers.p4.
        pub const ETHERTYPE_ARP: u16 = 0x0806;
        /// From headers.p4.
        pub const PROTOCOL_ICMP: u8 = 1;
        /// From headers.p4.
        pub const PROTOCOL_IPIP: u8 = 4;
        /// From headers.p4.
        pub const PROTOCOL_TCP: u8 = 6;
        /// From headers.p4.
        pub const PROTOCOL_UDP: u8 = 17;
        /// From headers.p4.
        pub const PROTOCOL_IPV6: u8 = 41;
        /// From headers.p4.
        pub const ARP_REQUEST: u16 = 1;
        /// From headers.p4.
        pub const ARP_REPLY: u16 = 2;
        /// From headers.p4.
        pub const ICMP_ECHO_REQUEST: u8 = 8;
        /// From headers.p4.
        pub const TCP_FLAG_SYN: u8 = 0x02;
        /// From headers.p4.
        pub const TCP_FLAG_ACK: u8 = 0x10;
        /// From group.p4.
        pub const NO_HOST: u16 = 0;

        p4_enum! {
            /// How a packet came to a stage: the low two bits of the destination MAC.
            Arrival: u8 { Router = 0 "router", Peer = 1 "peer", Chain = 2 "chain", Final = 3 "final", }
        }
    };
}

macro_rules! ip_headers {
    () => {
        p4_header! {
            /// IEEE 802.3.
            Ethernet EthernetView 14 {
                dst set_dst: u64 = 0, 48;
                src set_src: u64 = 48, 48;
                ether_type set_ether_type: u16 = 96, 16;
            }
        }
        p4_header! {
            /// RFC 826, for IPv4 over Ethernet.
            Arp ArpView 28 {
                hardware_type set_hardware_type: u16 = 0, 16;
                protocol_type set_protocol_type: u16 = 16, 16;
                hardware_length set_hardware_length: u8 = 32, 8;
                protocol_length set_protocol_length: u8 = 40, 8;
                operation set_operation: u16 = 48, 16;
                sender_mac set_sender_mac: u64 = 64, 48;
                sender_address set_sender_address: u32 = 112, 32;
                target_mac set_target_mac: u64 = 144, 48;
                target_address set_target_address: u32 = 192, 32;
            }
        }
        p4_header! {
            /// RFC 791.
            Ipv4 Ipv4View 20 {
                version set_version: u8 = 0, 4;
                ihl set_ihl: u8 = 4, 4;
                dscp set_dscp: u8 = 8, 6;
                ecn set_ecn: u8 = 14, 2;
                total_length set_total_length: u16 = 16, 16;
                identification set_identification: u16 = 32, 16;
                flags set_flags: u8 = 48, 3;
                fragment_offset set_fragment_offset: u16 = 51, 13;
                ttl set_ttl: u8 = 64, 8;
                protocol set_protocol: u8 = 72, 8;
                header_checksum set_header_checksum: u16 = 80, 16;
                src set_src: u32 = 96, 32;
                dst set_dst: u32 = 128, 32;
            }
        }
        p4_header! {
            /// RFC 9293, without options.
            Tcp TcpView 20 {
                src_port set_src_port: u16 = 0, 16;
                dst_port set_dst_port: u16 = 16, 16;
                sequence_number set_sequence_number: u32 = 32, 32;
                acknowledgment_number set_acknowledgment_number: u32 = 64, 32;
                data_offset set_data_offset: u8 = 96, 4;
                reserved set_reserved: u8 = 100, 4;
                flags set_flags: u8 = 104, 8;
                window set_window: u16 = 112, 16;
                checksum set_checksum: u16 = 128, 16;
                urgent_pointer set_urgent_pointer: u16 = 144, 16;
            }
        }
        p4_header! {
            /// RFC 768.
            Udp UdpView 8 {
                src_port set_src_port: u16 = 0, 16;
                dst_port set_dst_port: u16 = 16, 16;
                length set_length: u16 = 32, 16;
                checksum set_checksum: u16 = 48, 16;
            }
        }
        p4_header! {
            /// RFC 792, the part that all messages share, and an echo's identifier and sequence number.
            Icmp IcmpView 8 {
                r#type set_type: u8 = 0, 8;
                code set_code: u8 = 8, 8;
                checksum set_checksum: u16 = 16, 16;
                identifier set_identifier: u16 = 32, 16;
                sequence_number set_sequence_number: u16 = 48, 16;
            }
        }
    };
}

pub(super) use {group_face, ip_headers};
