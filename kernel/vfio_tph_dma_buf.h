/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tag and the hint that travel with a dma-buf, for drivers that import it
 *
 * A dma-buf of VFIO is memory of a device. Its owner may have said which steering tag
 * and which hint a peer is to put on its writes there (docs/abi.md, DMA_BUF_TPH). A driver
 * that maps such a buffer asks here. It finds the function by name, so that it loads
 * and works without vfio_pci_tph too:
 *
 *	#include "vfio_tph_dma_buf.h"
 *
 *	vfio_tph_dma_buf_get_fn *get = symbol_get(vfio_tph_dma_buf_get);
 *	int ret = -EOPNOTSUPP;
 *	u16 tag;
 *	u8 ph;
 *
 *	dma_resv_lock(attach->dmabuf->resv, NULL);
 *	sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
 *	if (get && !IS_ERR(sgt))
 *		ret = get(attach->dmabuf, wide ? 16 : 8, &tag, &ph);
 *	dma_resv_unlock(attach->dmabuf->resv);
 *	if (get)
 *		symbol_put(vfio_tph_dma_buf_get);
 *
 * A failure means: go on without hints. It is no reason to refuse the buffer.
 *
 * The answer holds until the next call of invalidate_mappings() for the attachment. Ask
 * again whenever the buffer is mapped anew, with the lock of the mapping. What the user
 * sets later than the question is not announced.
 */
#ifndef VFIO_TPH_DMA_BUF_H
#define VFIO_TPH_DMA_BUF_H

#include <linux/types.h>

struct dma_buf;

/**
 * vfio_tph_dma_buf_get - tag and hint for requests into a dma-buf
 * @dmabuf: the attachment's own dma_buf, of whatever exporter; its resv is locked
 * @st_width: bits of the importer's tags: 8 or 16, as its requester is enabled
 * @steering_tag: the tag; unchanged on an error
 * @ph: the processing hint, 0 to 3; unchanged on an error
 *
 * The two widths are different namespaces: there may be a tag for one and none for the
 * other, and neither can be made from the other. 0 is a legal tag.
 *
 * Context: Process context, with @dmabuf->resv held. Does not sleep and does not allocate.
 * Return: 0; -EOPNOTSUPP if nothing was set for this width, or for this buffer; -ENODEV if
 * the buffer's memory is out of reach now; -EINVAL if @st_width is neither, or if it is 8
 * and the tag was set in the older form, where it may be over 255.
 */
int vfio_tph_dma_buf_get(struct dma_buf *dmabuf, u8 st_width, u16 *steering_tag, u8 *ph);
typedef int vfio_tph_dma_buf_get_fn(struct dma_buf *dmabuf, u8 st_width, u16 *steering_tag,
				    u8 *ph);

#endif /* VFIO_TPH_DMA_BUF_H */
