/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The command `gate`; everything it does is in the library, where tests can reach it. */
#include "gate/cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
