// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of namespaces, held against this kernel. */
#include <ringfence/ns.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "sys/uapi.h"

TEST(eight_kinds_and_no_more)
{
	uint64_t all = 0;

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *k = rf_ns_kind(i);

		ASSERT_NE(NULL, k);
		EXPECT_EQ(1, __builtin_popcountll(k->flag));
		EXPECT_EQ(0, all & k->flag);
		EXPECT_GT(strlen(k->isolates), 3);
		all |= k->flag;
	}
	EXPECT_EQ(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			  CLONE_NEWUTS | CLONE_NEWCGROUP | (uint64_t)CLONE_NEWTIME,
		  all);
	EXPECT_EQ(NULL, rf_ns_kind(RF_NS_KINDS));
	EXPECT_EQ(NULL, rf_ns_kind((size_t)-1));
}

TEST(found_by_name_and_by_word)
{
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *k = rf_ns_kind(i);

		EXPECT_EQ(k, rf_ns_kind_by_name(k->name));
		EXPECT_EQ(k, rf_ns_kind_by_name(k->word));
	}
	EXPECT_EQ(NULL, rf_ns_kind_by_name(""));
	EXPECT_EQ(NULL, rf_ns_kind_by_name("mn"));
	EXPECT_EQ(NULL, rf_ns_kind_by_name("mounts"));
}

/* The kernel knows each by these names. */
TEST(names_of_the_kernel)
{
	char path[96];

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *k = rf_ns_kind(i);

		snprintf(path, sizeof(path), "/proc/self/ns/%s", k->name);
		EXPECT_EQ(0, access(path, F_OK)) {
			TH_LOG("no %s", path);
		}
		snprintf(path, sizeof(path), "/proc/sys/user/%s", k->sysctl);
		EXPECT_EQ(0, access(path, F_OK)) {
			TH_LOG("no %s", path);
		}
	}
}

/* Each field of the list is filled in where it is asked for, and says so where it is not. */
TEST(numbers_of_networks)
{
	for (unsigned flags = RF_NS_RELATIONS; flags <= (RF_NS_RELATIONS | RF_NS_PEER_IDS); flags += RF_NS_PEER_IDS) {
		const struct rf_ns_entry *entries;
		struct rf_ns_list *list;
		uint64_t own[RF_NS_KINDS];
		int met = 0;

		ASSERT_EQ(0, rf_ns_list_read(flags, &list));
		ASSERT_EQ(0, rf_ns_of_process(getpid(), own));
		for (size_t i = 0, n = rf_ns_list_entries(list, &entries); i < n; i++)
			for (size_t k = 0; k < RF_NS_KINDS; k++) {
				bool asked = flags & RF_NS_PEER_IDS && !strcmp(rf_ns_kind(k)->name, "net");

				if (entries[i].inode != own[k])
					continue;
				met++;
				EXPECT_EQ(asked ? RF_NS_UNASSIGNED : RF_NS_NO_PEER_ID, entries[i].peer_id);
				EXPECT_EQ(RF_NS_BY_PROCESS, entries[i].held);
			}
		EXPECT_EQ(RF_NS_KINDS, met);
		rf_ns_list_free(list);
	}
}

TEST_HARNESS_MAIN
