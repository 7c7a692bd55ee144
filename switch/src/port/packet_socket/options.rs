//! What is asked of the kernel for a socket, beside what it receives and sends.

use socket2::Socket;
use std::ffi::CString;
use std::io;
use std::os::fd::AsRawFd;

/// The index of the interface with this name.
pub fn index(interface: &str) -> io::Result<u32> {
    let unknown = || {
        let message = format!("there is no network interface {interface}");
        io::Error::new(io::ErrorKind::NotFound, message)
    };
    let name = CString::new(interface).map_err(|_| unknown())?;
    // SAFETY: the name ends with a zero and outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(unknown()),
        index => Ok(index),
    }
}

/// Whether the interface is up.
pub fn is_up(socket: &Socket, interface: &str) -> io::Result<bool> {
    // SAFETY: all of it may be zero.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays zero, which ends the name.
    let most = request.ifr_name.len() - 1;
    let name = request.ifr_name.iter_mut().take(most);
    for (to, from) in name.zip(interface.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: the request has the type that this call takes, and lives.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) })?;
    // SAFETY: the call has filled this member.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    Ok(i32::from(flags) & libc::IFF_UP != 0)
}

/// Receives all frames of the interface from here on.
pub fn bind(socket: &Socket, index: u32) -> io::Result<()> {
    // SAFETY: all of it may be zero.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = index as libc::c_int;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the address is of the type and length that are said, and outlives the call.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })
}

/// Receives frames for other MAC addresses too, as long as the socket lives.
pub fn be_promiscuous(socket: &Socket, index: u32) -> io::Result<()> {
    let request = libc::packet_mreq {
        mr_ifindex: index as libc::c_int,
        mr_type: libc::PACKET_MR_PROMISC as libc::c_ushort,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::PACKET_ADD_MEMBERSHIP, &request)
}

/// What the host's own network stack, or another process, sends by the interface has not come in by it.
pub fn ignore_outgoing(socket: &Socket) -> io::Result<()> {
    let on: libc::c_int = 1;
    set(socket, libc::PACKET_IGNORE_OUTGOING, &on)
}

/// Sets an option of packet sockets to a value of the type that it takes.
pub fn set<T>(socket: &Socket, option: libc::c_int, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    let value: *const T = value;
    // SAFETY: the value outlives the call, and its length is its type's.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            value.cast(),
            length,
        )
    })
}

/// The error of a call that gives less than 0 for one.
pub fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
