/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HINT_MARK_H
#define HINT_MARK_H

#include <linux/fsnotify_backend.h>

struct device;
struct dma_buf;

/**
 * struct hint_mark - what is known of a dma-buf that something was set for
 * @mark: on the dma-buf's inode
 * @node: in hint_marks, until it is freed
 * @exporter: the device; for its struct alone, it may be unbound long since
 * @opened: the open of the device that exported the dma-buf
 * @hint: what was set, for the rules to read; guarded by the dma-buf's resv
 */
struct hint_mark {
	struct fsnotify_mark mark;
	struct list_head node;
	struct device *exporter;
	u64 opened;
	u64 hint;
};

/* A reference to the mark of a dma-buf, or NULL */
struct hint_mark *hint_mark_find(struct dma_buf *dmabuf);
/* The same for a dma-buf that has none; resv is held, so there comes no other */
struct hint_mark *hint_mark_add(struct dma_buf *dmabuf, struct device *exporter, u64 opened);
void hint_mark_put(struct hint_mark *hint);
int hint_mark_init(void);
void hint_mark_exit(void);

#endif /* HINT_MARK_H */
