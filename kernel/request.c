// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_PCI_TPH: the request's bytes in, to the rules, the answer's bytes out.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_tph.h>

#include "vfio_pci_tph.h"

/* A request without entries, and the largest */
#define REQUEST_FIXED	sizeof(struct vfio_device_pci_tph_op)
#define REQUEST_MAX	(REQUEST_FIXED + \
			 VFIO_PCI_TPH_MAX_ENTRIES * sizeof(struct vfio_pci_tph_entry))

/* A request as far as it was copied */
struct request {
	u8 *bytes;		/* @fixed, or what kvmalloc() gave */
	size_t size;		/* bytes copied */
	size_t room;
	struct tph_reply reply;
	u8 fixed[REQUEST_FIXED];
};

static void request_free(struct request *request)
{
	if (request->bytes != request->fixed)
		kvfree(request->bytes);
}

static int request_make_room(struct request *request, size_t room)
{
	u8 *bytes;

	if (room <= request->room)
		return 0;
	if (WARN_ON_ONCE(room > REQUEST_MAX))
		return -EINVAL;
	bytes = kvmalloc(room, GFP_KERNEL_ACCOUNT);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, request->bytes, request->size);
	request_free(request);
	request->bytes = bytes;
	request->room = room;
	return 0;
}

/*
 * Copies what the rules need, bit by bit as they learn how much that is, and no
 * byte twice: what they have seen stays as they saw it.
 */
static int request_copy(struct request *request, const u8 __user *from)
{
	for (;;) {
		ssize_t needed = tph_core_needed(request->bytes, request->size);
		int ret;

		if (needed < 0)
			return needed;
		if (needed <= (ssize_t)request->size)
			return 0;
		ret = request_make_room(request, needed);
		if (ret)
			return ret;
		if (copy_from_user(request->bytes + request->size, from + request->size,
				   needed - request->size))
			return -EFAULT;
		request->size = needed;
	}
}

static int request_answer(struct tph_host *host, void *arg)
{
	struct request *request = arg;

	return tph_core_ioctl(host->tdev->tph, host, request->bytes, request->size,
			      &request->reply);
}

/**
 * vfio_pci_tph_request - serve VFIO_DEVICE_PCI_TPH
 * @tdev: the device; the VFIO core has resumed it for the call
 * @arg: the request in the memory of the caller
 *
 * User memory is touched with no lock held, see struct vfio_pci_tph_device.
 *
 * Return: 0 or a negative errno
 */
long vfio_pci_tph_request(struct vfio_pci_tph_device *tdev, void __user *arg)
{
	struct request request = { .bytes = request.fixed, .room = REQUEST_FIXED };
	struct tph_reply *reply = &request.reply;
	u8 __user *user = arg;
	int ret;

	ret = request_copy(&request, user);
	if (ret)
		goto out;

	/* Where another driver holds a dma-buf's lock, no device's lock is to wait for it */
	ret = tph_core_dma_buf_get(&tdev->host, request.bytes, request.size, reply);
	if (ret > 0)
		ret = tph_firmware_run(&tdev->host, request_answer, &request);
	if (ret)
		goto out;

	if (WARN_ON_ONCE(reply->start > reply->end || reply->end > request.size))
		ret = -EIO;
	else if (copy_to_user(user + reply->start, request.bytes + reply->start,
			      reply->end - reply->start))
		ret = -EFAULT;
out:
	request_free(&request);
	return ret;
}
