#define TWICE(x) x x
#define EMPTY
const bit<8> A = TWICE(1, 2); //~ ERROR E0107 macro `TWICE` takes 1 arguments, not 2
#include "nowhere.p4" //~ ERROR E0101 cannot include `nowhere.p4`
#if 1 + //~ ERROR E0105 expected a value
#endif
#elif 1 //~ ERROR E0104 `#elif` without `#if`
#inclode <core.p4> //~ ERROR E0103 there is no directive `#inclode`
#error stop here //~ ERROR E0106 #error stop here
const bit<8> B = EMPTY; //~ ERROR E0205 expected an expression, found `;`
#define EMPTY 1 //~ WARNING W0109 is defined again
#ifdef TWICE //~ ERROR E0104 this conditional has no `#endif`
