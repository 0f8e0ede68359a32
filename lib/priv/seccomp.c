// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A seccomp filter as an object: classic BPF that the kernel runs at each system call's entry, over
 * {nr, arch, instruction pointer, args}, and whose result says what becomes of the call. It can't
 * be taken back, it is inherited, and it needs no_new_privs or CAP_SYS_ADMIN to load: else a
 * set-user-ID program could be led astray by a setuid(2) that seems to succeed.
 *
 * A filter that refuses execve(2) is loaded without complaint and then makes its own loader die
 * without a word. So the filter is asked first, by running it here: rf_seccomp_answer().
 */
#include "priv/seccomp.h"

#include <linux/audit.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define NATIVE_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define NATIVE_ARCH AUDIT_ARCH_S390X
#else
#error "name this machine's AUDIT_ARCH_ here"
#endif

enum { PROFILE_LIMIT = 4 << 20 };

uint32_t seccomp_native_arch(void)
{
	return NATIVE_ARCH;
}

/* JSON starts with a bracket, a quote, or not at all; anything else that is not compiled is text. */
static bool is_json(const char *data)
{
	char first = data[strspn(data, " \t\r\n")];

	return !first || strchr("{[\"", first);
}

void rf_seccomp_free(struct rf_seccomp *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_rules; i++) {
		free(s->rules[i].conditions);
		free(s->rules[i].where);
	}
	free(s->rules);
	free(s->name);
	free(s->filter);
	free(s->unknown);
	free(s);
}

void rf_seccomp_info(const struct rf_seccomp *s, struct rf_seccomp_info *ret_info)
{
	*ret_info = (struct rf_seccomp_info){
		.instructions = s->n,
		.from_cache = s->from_cache,
		.needs_listener = s->needs_listener,
		.is_text = s->is_text,
		.unknown = s->unknown ?: "",
	};
}

static int new_seccomp(const char *name, struct rf_seccomp **ret)
{
	struct rf_seccomp *s __free(seccomp) = calloc(1, sizeof(*s));

	if (!s || !(s->name = strdup(name)))
		return -ENOMEM;
	*ret = take_ptr(&s);
	return 0;
}

int seccomp_fill(struct rf_seccomp *s, const char *body, size_t n, size_t unknown_len)
{
	size_t size = n * sizeof(*s->filter);

	s->filter = malloc(size);
	s->unknown = strndup(body + size, unknown_len);
	if (!s->filter || !s->unknown) {
		free(take_ptr(&s->filter));
		free(take_ptr(&s->unknown));
		return -ENOMEM;
	}
	memcpy(s->filter, body, size);
	s->n = n;
	return 0;
}

int rf_seccomp_new_empty(struct rf_seccomp **ret_seccomp)
{
	static const struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	struct rf_seccomp *s __free(seccomp) = NULL;
	int r = new_seccomp("all calls", &s);

	if (r < 0)
		return r;
	s->filter = malloc(sizeof(refuse));
	if (!s->filter)
		return -ENOMEM;
	*s->filter = refuse;
	s->n = 1;
	*ret_seccomp = take_ptr(&s);
	return 0;
}

static int compile_any(const char *data, size_t len, struct rf_seccomp *s)
{
	return is_json(data) ? seccomp_from_json(data, len, s) : seccomp_from_text(data, s);
}

int rf_seccomp_compile(const char *data, size_t len, const char *name,
		       struct rf_seccomp **ret_seccomp)
{
	struct rf_seccomp *s __free(seccomp) = NULL;
	char *whole __free(ptr) = NULL;
	int r = new_seccomp(name, &s);

	if (r >= 0 && seccomp_is_compiled(data, len))
		r = seccomp_from_compiled(data, len, s);
	else if (r >= 0 && is_json(data))
		r = seccomp_from_json(data, len, s);
	else if (r >= 0 && (r = seccomp_text_load(NULL, data, len, &whole, &len)) >= 0)
		r = seccomp_from_text(whole, s);
	if (r < 0)
		return r;
	*ret_seccomp = take_ptr(&s);
	return 0;
}

static int from_cache_or_new(const char *data, size_t len, unsigned flags, struct rf_seccomp *s)
{
	int r;

	if (!(flags & RF_SECCOMP_NO_CACHE))
		s->from_cache = seccomp_cache_find(data, len, s) >= 0;
	if (s->from_cache)
		return 0;
	r = compile_any(data, len, s);
	if (r >= 0 && !(flags & RF_SECCOMP_NO_STORE))
		seccomp_cache_store(data, len, s);
	return r;
}

int rf_seccomp_open(const char *path, unsigned flags, struct rf_seccomp **ret_seccomp)
{
	struct rf_seccomp *s __free(seccomp) = NULL;
	char *data __free(ptr) = NULL, *whole __free(ptr) = NULL;
	size_t len;
	int r = new_seccomp(path, &s);

	if (r >= 0)
		r = file_read_at(AT_FDCWD, path, PROFILE_LIMIT, &data, &len);
	if (r < 0)
		return r;
	if (flags & RF_SECCOMP_RAW)
		r = seccomp_from_raw(data, len, s);
	else if (seccomp_is_compiled(data, len))
		r = seccomp_from_compiled(data, len, s);
	else if (is_json(data))
		r = from_cache_or_new(data, len, flags, s);
	else if ((r = seccomp_text_load(path, data, len, &whole, &len)) >= 0)
		r = from_cache_or_new(whole, len, flags, s);
	if (r < 0)
		return r;
	*ret_seccomp = take_ptr(&s);
	return 0;
}

static bool jump_taken(const struct sock_filter *f, uint32_t acc)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		return acc == f->k;
	case BPF_JGT:
		return acc > f->k;
	case BPF_JGE:
		return acc >= f->k;
	default:
		return acc & f->k; /* BPF_JSET */
	}
}

/* The instructions that libseccomp makes; every jump goes forward, so this ends. */
int rf_seccomp_answer(const struct rf_seccomp *s, const struct seccomp_data *call,
		      uint32_t *ret_action)
{
	uint32_t acc = 0;

	for (size_t pc = 0; pc < s->n; pc++) {
		const struct sock_filter *f = &s->filter[pc];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k > sizeof(*call) - sizeof(acc))
				return -EINVAL;
			memcpy(&acc, (const char *)call + f->k, sizeof(acc));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= f->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += jump_taken(f, acc) ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			*ret_action = f->k;
			return 0;
		default:
			return -EINVAL;
		}
	}
	return -EINVAL;
}

int seccomp_answer_to_execve(const struct rf_seccomp *s, uint32_t *ret_action)
{
	struct seccomp_data call = {.nr = SYS_execve, .arch = NATIVE_ARCH};

	/* Three pointers into the heap, which no sensible profile tells from others. */
	for (int i = 0; i < 3; i++)
		call.args[i] = (uint64_t)(uintptr_t)s;
	return rf_seccomp_answer(s, &call, ret_action);
}
