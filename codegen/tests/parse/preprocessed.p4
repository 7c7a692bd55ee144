// Directives and macros where programs have them.

#define VERSION 3
#define FIELD(type, name) type name;
#define NAME(prefix, number) prefix##number
#define DECLARE(prefix) header prefix##_t { \
    FIELD(bit<8>, NAME(prefix, 1)) \
    FIELD(bit<8>, NAME(prefix, 2)) }

#if VERSION >= 2 && !defined(OLD)
DECLARE(first)
#elif VERSION == 1
header first_t { don't read this }
#else
#error there is no such version
#endif

#ifdef OLD
header second_t { bit<8> a }
#endif

#undef VERSION
const first_t VERSION = (first_t){ first1 = 1, first2 = __LINE__ };
const string FILE = __FILE__;
#pragma anything goes
@pragma size 100
const bit<8> AFTER = 1;
