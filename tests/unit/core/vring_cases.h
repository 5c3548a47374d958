/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for both kinds of vring. test_vring_split.c and
 * test_vring_packed.c say which kind (RING_PACKED) and include this once.
 */
#include "vring_plain.h"
#include "vring_shapes.h"
#include "vring_limits.h"
#include "vring_life.h"
#include "vring_notify.h"
#include "vring_log.h"
#include "vring_random.h"
#include "vring_iotlb.h"

#define VRING_CASE(name)	cmocka_unit_test_teardown(test_##name, teardown)
#define VRING_CASES \
	VRING_CASE(empty_ring), VRING_CASE(one_chain_out_and_back), VRING_CASE(write_to_guest), \
	VRING_CASE(chain_of_many_parts), VRING_CASE(zero_length_descriptors), VRING_CASE(batch_bounds), \
	VRING_CASE(cve_2018_16880_heads_are_bounded), VRING_CASE(unfetch), VRING_CASE(nothing_shows_before_flush), \
	VRING_CASE(out_after_in), VRING_CASE(unmapped_memory), VRING_CASE(cve_2018_1059_region_end), \
	VRING_CASE(indirect_rules), VRING_CASE(indirect_table_across_regions), VRING_CASE(chain_longer_than_32_bits), \
	VRING_CASE(error_after_good_chains), VRING_CASE(cve_2018_1059_after_a_hit), \
	VRING_CASE(iov_array_full_to_the_last_entry), VRING_CASE(unfetch_returns_iov_entries), \
	VRING_CASE(too_many_empty_descriptors), VRING_CASE(log_of_each_ring_write), \
	VRING_CASE(log_of_a_write_that_faults), VRING_CASE(log_of_used_entries_that_fault), \
	VRING_CASE(cve_2019_3900_budget_of_empty_descriptors), \
	VRING_CASE(longest_chain), VRING_CASE(iov_array_full), VRING_CASE(dpdk_double_fetch), \
	VRING_CASE(every_access_can_fault), VRING_CASE(start_refuses), VRING_CASE(start_on_unreadable_memory), \
	VRING_CASE(stop_counts_unpushed_as_not_fetched), VRING_CASE(calls_by_flags), VRING_CASE(calls_by_event), \
	VRING_CASE(kicks), VRING_CASE(barriers), VRING_CASE(accesses_per_batch), VRING_CASE(log_of_data_and_ring), \
	VRING_CASE(cve_2019_14835_log_is_bounded), VRING_CASE(ring_log_outside_bitmap_stops_the_vring), \
	VRING_CASE(random_life), VRING_CASE(random_life_with_an_iotlb), \
	VRING_CASE(iotlb_miss_and_update), VRING_CASE(iotlb_miss_behind_good_chains), VRING_CASE(iotlb_piece_per_entry), \
	VRING_CASE(iotlb_permissions), VRING_CASE(iotlb_indirect_table), VRING_CASE(iotlb_table_over_two_entries), \
	VRING_CASE(iotlb_invalidate), VRING_CASE(iotlb_broken_chains), VRING_CASE(iotlb_dirty_log), \
	VRING_CASE(iotlb_ring_is_the_owners)
