header frame_t {
    mac_t dst;
}
