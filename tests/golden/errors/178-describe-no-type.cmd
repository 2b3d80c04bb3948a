'describe ipv4_adr'
