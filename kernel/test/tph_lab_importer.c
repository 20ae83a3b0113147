// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the lab only: an importer of dma-bufs that asks for the tag that travels with them.
 *
 * Each open file of /dev/tph_lab_importer is one importer. It takes one command a write:
 *
 *	attach FD ADDRESS	import the dma-buf FD for the PCI function ADDRESS, and map it
 *	get WIDTH		map it if it is not mapped, and ask for the tag of WIDTH bits
 *
 * What a read then says: the status of the command (0 or a negative errno), the
 * tag, the hint, whether the dma-buf is mapped, how often it was invalidated. It is
 * what an RDMA driver would do, so vfio_pci_tph may be there or not.
 */
#include <linux/module.h>
#ifdef HAVE_VFIO_DMABUF /* else there is nothing to import, and no device */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/miscdevice.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../vfio_tph_dma_buf.h"

MODULE_IMPORT_NS("DMA_BUF");

struct importer {
	struct mutex lock; /* one command at a time */
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct pci_dev *pdev;
	int status;
	u16 tag;
	u8 ph;
	/* These belong to the dma-buf's resv */
	struct sg_table *mapping;
	unsigned int invalidations;
};

static void unmap(struct importer *importer)
{
	dma_resv_assert_held(importer->dmabuf->resv);
	if (importer->mapping)
		dma_buf_unmap_attachment(importer->attach, importer->mapping, DMA_BIDIRECTIONAL);
	importer->mapping = NULL;
}

/* No DMA is going on, so the mapping can go at once */
static void invalidate(struct dma_buf_attachment *attach)
{
	struct importer *importer = attach->importer_priv;

	importer->invalidations++;
	unmap(importer);
}

static const struct dma_buf_attach_ops importer_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = invalidate,
};

static int map(struct importer *importer)
{
	struct sg_table *mapping;

	dma_resv_assert_held(importer->dmabuf->resv);
	if (importer->mapping)
		return 0;
	mapping = dma_buf_map_attachment(importer->attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(mapping))
		return PTR_ERR(mapping);
	importer->mapping = mapping;
	return 0;
}

static void leave(struct importer *importer)
{
	if (importer->attach) {
		dma_resv_lock(importer->dmabuf->resv, NULL);
		unmap(importer);
		dma_resv_unlock(importer->dmabuf->resv);
		dma_buf_detach(importer->dmabuf, importer->attach);
	}
	if (importer->dmabuf)
		dma_buf_put(importer->dmabuf);
	pci_dev_put(importer->pdev);
	importer->attach = NULL;
	importer->dmabuf = NULL;
	importer->pdev = NULL;
}

static int attach_and_map(struct importer *importer, int fd, struct pci_dev *pdev)
{
	struct dma_buf_attachment *attach;
	int ret;

	leave(importer);
	importer->pdev = pdev;
	importer->dmabuf = dma_buf_get(fd);
	if (IS_ERR(importer->dmabuf)) {
		ret = PTR_ERR(importer->dmabuf);
		importer->dmabuf = NULL;
		return ret;
	}
	attach = dma_buf_dynamic_attach(importer->dmabuf, &pdev->dev, &importer_ops, importer);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	importer->attach = attach;
	dma_resv_lock(importer->dmabuf->resv, NULL);
	ret = map(importer);
	dma_resv_unlock(importer->dmabuf->resv);
	return ret;
}

static int get(struct importer *importer, u8 width)
{
	vfio_tph_dma_buf_get_fn *ask;
	int ret;

	if (!importer->attach)
		return -ENOTCONN;
	ask = symbol_get(vfio_tph_dma_buf_get);
	if (!ask)
		return -EOPNOTSUPP;
	dma_resv_lock(importer->dmabuf->resv, NULL);
	ret = map(importer) ?: ask(importer->dmabuf, width, &importer->tag, &importer->ph);
	dma_resv_unlock(importer->dmabuf->resv);
	symbol_put(vfio_tph_dma_buf_get);
	return ret;
}

static int command(struct importer *importer, const char *text)
{
	unsigned int domain, bus, device, function;
	struct pci_dev *pdev;
	int fd;
	u8 width;

	if (sscanf(text, "attach %d %x:%x:%x.%x", &fd, &domain, &bus, &device, &function) == 5) {
		pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(device, function));
		return pdev ? attach_and_map(importer, fd, pdev) : -ENXIO;
	}
	if (sscanf(text, "get %hhu", &width) == 1)
		return get(importer, width);
	return -EINVAL;
}

static ssize_t importer_write(struct file *file, const char __user *user, size_t size,
			      loff_t *offset)
{
	struct importer *importer = file->private_data;
	char text[64];

	if (size >= sizeof(text))
		return -E2BIG;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = 0;
	mutex_lock(&importer->lock);
	importer->tag = 0;
	importer->ph = 0;
	importer->status = command(importer, text);
	mutex_unlock(&importer->lock);
	return size;
}

static ssize_t importer_read(struct file *file, char __user *user, size_t size, loff_t *offset)
{
	struct importer *importer = file->private_data;
	char text[64];
	int length;

	mutex_lock(&importer->lock);
	length = scnprintf(text, sizeof(text), "%d %#x %u %d %u\n", importer->status,
			   importer->tag, importer->ph, !!READ_ONCE(importer->mapping),
			   READ_ONCE(importer->invalidations));
	mutex_unlock(&importer->lock);
	if (size < length)
		return -EINVAL;
	return copy_to_user(user, text, length) ? -EFAULT : length;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *importer = kzalloc(sizeof(*importer), GFP_KERNEL);

	if (!importer)
		return -ENOMEM;
	mutex_init(&importer->lock);
	file->private_data = importer;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *importer = file->private_data;

	leave(importer);
	kfree(importer);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.read = importer_read,
	.write = importer_write,
};

static struct miscdevice importer_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tph_lab_importer",
	.fops = &importer_fops,
	.mode = 0600,
};
module_misc_device(importer_device);
#endif

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lab only: asks for the tags of dma-bufs as an importer does");
