// SPDX-License-Identifier: GPL-2.0-or-later
/* The server of cgctl serve-metrics: HTTP/1.1 as far as a scraper needs it, one request a connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "cgctl.h"
#include "metrics.h"

enum { REQUEST_LIMIT = 8192, PATIENCE_MS = 5000 };

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} at;
	unsigned len;
	const char *path; /* of a unix socket */
};

/* A signal handler can reach nothing else. */
static int ended_fd = -1;

static void on_end(int sig)
{
	sys_quiet_send(ended_fd, "e", 1);
}

static int parse_port(const char *word, in_port_t *ret_port)
{
	uint64_t port;

	if (str_to_u64(word, &port) < 0 || !port || port > 65535)
		return -EINVAL;
	*ret_port = htons((uint16_t)port);
	return 0;
}

static int parse_address(const char *word, struct address *ret)
{
	struct address a = {0};
	const char *colon = strrchr(word, ':');
	int r = -EINVAL;

	if (str_starts(word, "unix:")) {
		a.path = word + 5;
		a.at.un.sun_family = AF_UNIX;
		a.len = (unsigned)(offsetof(struct sockaddr_un, sun_path) + strlen(a.path) + 1);
		r = *a.path ? str_copy(a.at.un.sun_path, sizeof(a.at.un.sun_path), a.path) : -EINVAL;
	} else if (str_starts(word, "[::1]:")) {
		a.at.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
		a.len = sizeof(a.at.in6);
		r = parse_port(word + 6, &a.at.in6.sin6_port);
	} else if (colon && str_starts(word, "127.")) {
		char host[INET_ADDRSTRLEN] = "";

		a.at.in.sin_family = AF_INET;
		a.len = sizeof(a.at.in);
		if ((size_t)(colon - word) < sizeof(host))
			memcpy(host, word, (size_t)(colon - word));
		if (inet_pton(AF_INET, host, &a.at.in.sin_addr) == 1)
			r = parse_port(colon + 1, &a.at.in.sin_port);
	}
	if (r == -ENAMETOOLONG)
		return tool_usage_error("--listen: the path of a unix socket has at most %zu bytes", sizeof(a.at.un.sun_path) - 1);
	if (r < 0)
		return tool_usage_error("--listen: \"%s\" is not 127.0.0.1:PORT, [::1]:PORT or unix:PATH (other addresses are not for this server)", word);
	*ret = a;
	return 0;
}

/* A socket file that nobody listens at was left by a server that was killed. */
static bool is_left_over(const struct address *a, const char *word)
{
	int fd __free(fd) = sys_socket(AF_UNIX, SOCK_STREAM);
	struct stat st;

	return a->path && fd >= 0 && sys_fstatat(AT_FDCWD, a->path, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISSOCK(st.st_mode) &&
	       sys_connect(fd, &a->at.any, a->len, word) == -ECONNREFUSED;
}

static int open_socket(const struct address *a, const char *word)
{
	int fd __free(fd) = sys_socket(a->at.any.sa_family, SOCK_STREAM);
	int r = fd < 0 || a->path ? 0 : sys_reuse_address(fd);

	if (fd < 0)
		return fd;
	if (r >= 0)
		r = sys_bind(fd, &a->at.any, a->len, word);
	if (r == -EADDRINUSE && is_left_over(a, word)) {
		r = sys_unlinkat(AT_FDCWD, a->path, 0);
		if (r >= 0)
			r = sys_bind(fd, &a->at.any, a->len, word);
	}
	if (r >= 0)
		r = sys_listen(fd, 8);
	return r < 0 ? r : take_fd(&fd);
}

/* Until the empty line after the head; -errno, or -ETIMEDOUT. */
static int read_request(int fd, char *buf, size_t size)
{
	size_t len = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int r = sys_poll(&p, 1, PATIENCE_MS);
		ssize_t n = r > 0 ? sys_read(fd, buf + len, size - len - 1) : r;

		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n <= 0)
			return !r ? -ETIMEDOUT : n < 0 ? (int)n : -ECONNRESET;
		len += (size_t)n;
		buf[len] = '\0';
		if (strstr(buf, "\r\n\r\n") || strstr(buf, "\n\n"))
			return 0;
		if (len == size - 1)
			return -EMSGSIZE;
	}
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		ssize_t n = sys_poll(&p, 1, PATIENCE_MS) > 0 ? sys_write(fd, data, len) : 0;

		if (n == -EINTR || n == -EAGAIN)
			continue;
		/* Who asked has gone, or is too slow: the next one is waiting. */
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static void respond(int fd, const char *status, const char *type, const char *body, size_t len, bool head_only)
{
	struct str head __free(str) = {0};

	str_addf(&head, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, type, len);
	send_all(fd, head.s ?: "", head.len);
	if (!head_only)
		send_all(fd, body, len);
}

static void answer(struct rf_sampler *sampler, int fd)
{
	static const char plain[] = "text/plain; charset=utf-8";
	char buf[REQUEST_LIMIT], method[8] = "", path[64] = "";
	struct str out __free(str) = {0};
	int r = read_request(fd, buf, sizeof(buf));

	if (r < 0)
		return;
	if (sscanf(buf, "%7[A-Z] %63s HTTP/1.", method, path) != 2)
		respond(fd, "400 Bad Request", plain, "no HTTP request\n", 16, false);
	else if (!str_eq(method, "GET") && !str_eq(method, "HEAD"))
		respond(fd, "405 Method Not Allowed", plain, "only GET\n", 9, false);
	else if (!str_eq(path, "/metrics") && !str_eq(path, "/"))
		respond(fd, "404 Not Found", plain, "only /metrics\n", 14, false);
	else if (metrics_text(sampler, &out) < 0)
		respond(fd, "500 Internal Server Error", plain, "no sample could be taken\n", 25, false);
	else
		respond(fd, "200 OK", "application/openmetrics-text; version=1.0.0; charset=utf-8", out.s, out.len, str_eq(method, "HEAD"));
}

static int serve(struct rf_sampler *sampler, int socket_fd, int end_fd)
{
	for (;;) {
		struct pollfd p[] = {{.fd = socket_fd, .events = POLLIN}, {.fd = end_fd, .events = POLLIN}};
		int r = sys_poll(p, 2, -1);

		if (r < 0 && r != -EINTR)
			return tool_error(r, "serve-metrics");
		if (p[1].revents)
			return EXIT_OK;
		if (r > 0 && p[0].revents) {
			int fd __free(fd) = sys_accept(socket_fd);

			if (fd >= 0)
				answer(sampler, fd);
		}
	}
}

int metrics_serve(struct rf_sampler *sampler, const char *word)
{
	struct address a = {0};
	int ends[2], code = parse_address(word, &a), r, fd __free(fd) = -EBADF;

	if (code)
		return code;
	r = sys_pipe(ends);
	if (r < 0)
		return tool_error(r, "serve-metrics");
	ended_fd = ends[1];
	sys_signal_handler(SIGINT, on_end);
	sys_signal_handler(SIGTERM, on_end);
	sys_signal_ignore(SIGPIPE);
	fd = open_socket(&a, word);
	code = fd < 0 ? tool_error(fd, "--listen %s", word) : serve(sampler, fd, ends[0]);
	if (fd >= 0 && a.path)
		sys_unlinkat(AT_FDCWD, a.path, 0);
	sys_close(ends[0]);
	sys_close(ends[1]);
	return code;
}
