// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the tag and the hint of a dma-buf are kept: on a mark of ours on its inode, as
 * fsnotify has them. It is found through the inode, freed by the kernel with the inode,
 * and no reference to it. So nothing is held that the user does not hold, there is no
 * table, and dma-bufs without a tag cost nothing. No event is asked for.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include "hint_mark.h"

static struct fsnotify_group *hint_group;
static LIST_HEAD(hint_marks);
static DEFINE_SPINLOCK(hint_marks_lock);

struct hint_mark *hint_mark_find(struct dma_buf *dmabuf)
{
	struct fsnotify_mark *mark;

	mark = fsnotify_find_inode_mark(file_inode(dmabuf->file), hint_group);
	return mark ? container_of(mark, struct hint_mark, mark) : NULL;
}

void hint_mark_put(struct hint_mark *hint)
{
	fsnotify_put_mark(&hint->mark);
}

struct hint_mark *hint_mark_add(struct dma_buf *dmabuf, struct device *exporter, u64 opened)
{
	struct hint_mark *hint;
	int ret;

	dma_resv_assert_held(dmabuf->resv);
	hint = kzalloc_obj(*hint, GFP_KERNEL_ACCOUNT);
	if (!hint)
		return ERR_PTR(-ENOMEM);
	fsnotify_init_mark(&hint->mark, hint_group);
	hint->mark.flags |= FSNOTIFY_MARK_FLAG_NO_IREF;
	hint->exporter = get_device(exporter);
	hint->opened = opened;
	spin_lock(&hint_marks_lock);
	list_add(&hint->node, &hint_marks);
	spin_unlock(&hint_marks_lock);

	ret = fsnotify_add_inode_mark(&hint->mark, file_inode(dmabuf->file), 0);
	if (!ret)
		return hint;
	hint_mark_put(hint);
	return ERR_PTR(ret);
}

static void free_mark(struct fsnotify_mark *mark)
{
	struct hint_mark *hint = container_of(mark, struct hint_mark, mark);

	spin_lock(&hint_marks_lock);
	list_del(&hint->node);
	spin_unlock(&hint_marks_lock);
	put_device(hint->exporter);
	kfree(hint);
}

static const struct fsnotify_ops hint_ops = {
	.free_mark = free_mark,
};

int hint_mark_init(void)
{
	hint_group = fsnotify_alloc_group(&hint_ops, 0);
	return PTR_ERR_OR_ZERO(hint_group);
}

static struct hint_mark *some_mark(void)
{
	struct hint_mark *hint;

	spin_lock(&hint_marks_lock);
	list_for_each_entry(hint, &hint_marks, node) {
		if (refcount_inc_not_zero(&hint->mark.refcnt)) {
			/* So that those that only wait to be freed gather at the end */
			list_move_tail(&hint->node, &hint_marks);
			spin_unlock(&hint_marks_lock);
			return hint;
		}
	}
	spin_unlock(&hint_marks_lock);
	return NULL;
}

/*
 * Dma-bufs may outlive their device, and us. No new mark can come, and those that are
 * left die here, or on their own right now: fsnotify frees them from a worker, which
 * must have returned from free_mark() when this code goes.
 */
void hint_mark_exit(void)
{
	struct hint_mark *hint;

	while (!list_empty(&hint_marks)) {
		while ((hint = some_mark())) {
			fsnotify_destroy_mark(&hint->mark, hint_group);
			hint_mark_put(hint);
			cond_resched();
		}
		fsnotify_wait_marks_destroyed();
		cond_resched();
	}
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(hint_group);
}
