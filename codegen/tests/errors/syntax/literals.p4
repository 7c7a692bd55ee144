const bit<8> A = 0b12; //~ ERROR E0122 `2` is not a digit of base 2
const bit<8> B = 8w; //~ ERROR E0122 without digits
const bit<8> C = 12abc; //~ ERROR E0122 `a` is not a digit of base 10
const bit<8> D = 99999999999w1; //~ ERROR E0122 is not a width
const bit<8> E = 1 $; //~ ERROR E0120 `$` begins no token
const bit<8> F = 3;
const string G = "no end; //~ ERROR E0121 this string has no end
