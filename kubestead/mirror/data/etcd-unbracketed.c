/* etcd in clustermesh-apiserver's image: the chart of Cilium 1.18 writes IPv4 addresses in brackets (https://[10.0.0.1]:2379),
 * which Go takes no longer (CVE-2025-47912), so an etcd built by it does not start. The brackets go; the rest is etcd's. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ETCD "/usr/libexec/etcd"

static void unbracket(char *text) {
	char *open = text, *close;
	while ((open = strstr(open, "//["))) {
		open += 2;
		close = strchr(open, ']');
		if (!close)
			return;
		if (memchr(open, ':', close - open)) { /* IPv6 keeps them */
			open = close;
			continue;
		}
		memmove(close, close + 1, strlen(close));
		memmove(open, open + 1, strlen(open));
	}
}

int main(int count, char **arguments) {
	for (int n = 1; n < count; n++)
		unbracket(arguments[n]);
	execv(ETCD, arguments);
	perror(ETCD);
	return 127;
}
