/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs commands of the tool against a kernel that answers what a fuzzer makes up. */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAMILY 0x42

/* What the kernel answers, one record after the other: kind, length (16 bits), payload. */
enum {
	RECORD_ROW,		/* attributes of a message of the family */
	RECORD_INTERRUPTED,	/* the same, of a dump that is not consistent */
	RECORD_DONE,		/* end of a dump: errno (32 bits), attributes */
	RECORD_ERROR,		/* end of a request: errno (32 bits), attributes */
	RECORD_RAW,		/* messages as they are, but for their sequence numbers */
	RECORD_FORGED,		/* the same, and the datagram is another process's */
	RECORD_STRAY,		/* messages of an answer to the request before */
	RECORD_KINDS,
	RECORD_JOINED = 0x80,	/* flag: the next record comes in the same datagram */
};

void kernel_answers(const uint8_t *answers, size_t len);
bool kernel_forged(void);
int run_command(int (*run)(int argc, char **argv), char **argv, const uint8_t *answers, size_t len,
		bool as_json);
const char *command_output(void);
void check_json(const char *text, size_t len);

#endif
