'add secmark inet f x { "system_u:object_r:ssh_t:s0" }'
