// The core library of P4-16: what every architecture offers (P4-16 specification 1.2.5, appendix "P4 core library").

#ifndef _CORE_P4_
#define _CORE_P4_

/// What can go wrong in a parser. Programs and architectures add their own.
error {
    NoError,
    PacketTooShort,         // `extract`, `advance` or `lookahead` beyond the end of the packet
    NoMatch,                // no case of a `select` fits
    StackOutOfBounds,       // a header stack is full, or empty
    HeaderTooShort,         // a varbit field is longer than its type allows
    ParserTimeout,
    ParserInvalidArgument   // an argument that is not supported
}

/// How a key is compared; architectures add their own.
match_kind {
    exact,
    ternary,
    lpm
}

/// The packet that a parser reads, from its first bit on.
extern packet_in {
    /// Reads a header of fixed size and makes it valid.
    void extract<T>(out T hdr);
    /// Reads a header with one varbit field, of the given size.
    void extract<T>(out T variableSizeHeader, in bit<32> variableFieldSizeInBits);
    /// What `extract` would read next, which stays to be read.
    T lookahead<T>();
    void advance(in bit<32> sizeInBits);
    /// Size of the packet in bytes.
    bit<32> length();
}

/// The packet that a deparser writes.
extern packet_out {
    /// Appends a header that is valid, and those in a struct, stack or union.
    void emit<T>(in T hdr);
}

/// Goes to `reject` with the error unless the check holds.
extern void verify(in bool check, in error toSignal);

@noWarn("unused")
action NoAction() {}

/// Fails compilation unless the check holds.
extern bool static_assert(bool check, string message);
extern bool static_assert(bool check);

#endif
