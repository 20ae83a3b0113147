// SPDX-License-Identifier: GPL-2.0-only
/*
 * In place of dmabuf.c, where VFIO exports no dma-bufs.
 */
#include "vfio_pci_tph.h"

int tph_host_set_dma_buf_hint(struct tph_host *host, int fd, u64 kept)
{
	return -ENOTTY;
}

int tph_host_dma_buf_hint(int fd, u64 *kept)
{
	return -ENOTTY;
}

int vfio_pci_tph_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
}

void vfio_pci_tph_dma_buf_open(struct vfio_pci_tph_device *tdev)
{
}

int tph_dma_buf_init(void)
{
	return 0;
}

void tph_dma_buf_exit(void)
{
}
