const int LABEL_BITS = 13;
