'delete chain inet f handle 99; delete set inet f handle 98; add rule inet f c handle 97 accept; insert rule inet f c position 96 accept'
