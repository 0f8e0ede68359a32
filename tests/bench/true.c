// SPDX-License-Identifier: GPL-2.0-or-later
/* The payload of the benchmark: what is measured is all before it. */
int main(void)
{
	return 0;
}
