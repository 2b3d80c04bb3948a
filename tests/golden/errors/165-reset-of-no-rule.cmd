reset rule inet t c handle 99
