/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note OR MIT OR Apache-2.0 */
/*
 * PCIe TLP Processing Hints over VFIO: the ioctl VFIO_DEVICE_PCI_TPH, and the
 * feature DMA_BUF_TPH of VFIO_DEVICE_FEATURE.
 *
 * Written from crates/tph-abi (UPDATE_HEADER=1 cargo test -p tph-abi), not by
 * hand. docs/abi.md says what each operation does and which errors it has.
 */
#ifndef _LINUX_VFIO_PCI_TPH_H
#define _LINUX_VFIO_PCI_TPH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VFIO_DEVICE_PCI_TPH	_IO(';', 122)

#define VFIO_PCI_TPH_GET_CAP	0
#define VFIO_PCI_TPH_ENABLE	1
#define VFIO_PCI_TPH_DISABLE	2
#define VFIO_PCI_TPH_GET_ST	3
#define VFIO_PCI_TPH_SET_ST	4
/* Of vfio-tph, not of the kernel series */
#define VFIO_PCI_TPH_GET_ENTRIES	0x80000000u
#define VFIO_PCI_TPH_DMA_BUF_GET	0x80000001u

#define VFIO_PCI_TPH_MODE_IV	1
#define VFIO_PCI_TPH_MODE_DS	2

#define VFIO_PCI_TPH_MEM_VM	0
#define VFIO_PCI_TPH_MEM_PM	1

#define VFIO_PCI_TPH_ENTRY_IN_USE	1
#define VFIO_PCI_TPH_ENTRY_CPU_OFFLINE	2
#define VFIO_PCI_TPH_ENTRY_CPU_NOT_PERMITTED	4

#define VFIO_PCI_TPH_CLEAR	0xffffffffu
#define VFIO_PCI_TPH_MAX_ENTRIES	2048

/* VFIO_DEVICE_FEATURE: a parameter of the module moves the number */
#define VFIO_PCI_TPH_DMA_BUF_TPH_DEFAULT	13
#define VFIO_DMA_BUF_TPH_ST	1
#define VFIO_DMA_BUF_TPH_ST_EXT	2

/* What GET_CAP answers. */
struct vfio_pci_tph_cap {
	__u8 supported_modes;	/* out: VFIO_PCI_TPH_MODE_* bits */
	__u8 reserved0;	/* out: 0 */
	__u16 st_table_sz;	/* out: entries of the ST table, 0 without one */
	__u32 reserved;	/* out: 0 */
};

/* What ENABLE takes. */
struct vfio_pci_tph_ctrl {
	__u8 mode;	/* in: one VFIO_PCI_TPH_MODE_* bit */
	__u8 reserved[7];	/* in: must be 0 */
};

/* One CPU and its tag. */
struct vfio_pci_tph_entry {
	__u32 cpu;	/* in: logical CPU; SET_ST: VFIO_PCI_TPH_CLEAR clears */
	__u8 mem_type;	/* in: VFIO_PCI_TPH_MEM_* */
	__u8 reserved0;	/* in: must be 0 */
	__u16 index;	/* in: SET_ST: entry of the ST table */
	__u16 st;	/* out: GET_ST: the steering tag */
	__u16 reserved1;	/* in: must be 0 */
};

/* What GET_ST and SET_ST take. */
struct vfio_pci_tph_st {
	__u32 count;	/* in: entries, 1 to 2048 */
	__u32 reserved;	/* in: must be 0 */
	struct vfio_pci_tph_entry ents[];
};

/* What an entry of the ST table was programmed for. */
struct vfio_pci_tph_entry_state {
	__u32 cpu;	/* out: logical CPU; VFIO_PCI_TPH_CLEAR: not in use */
	__u8 mem_type;	/* out: VFIO_PCI_TPH_MEM_* */
	__u8 state;	/* out: VFIO_PCI_TPH_ENTRY_* bits */
	__u16 index;	/* in: entry of the ST table */
	__u32 reserved;	/* in: must be 0 */
};

/* What GET_ENTRIES takes (of vfio-tph, not of the kernel series). */
struct vfio_pci_tph_entries {
	__u32 count;	/* in: entries, 1 to 2048 */
	__u32 reserved;	/* in: must be 0 */
	struct vfio_pci_tph_entry_state ents[];
};

/* A request: a head, then what the operation needs (DISABLE: nothing). */
struct vfio_device_pci_tph_op {
	__u32 argsz;	/* bytes of this request, with what follows */
	__u32 op;	/* one of VFIO_PCI_TPH_GET_CAP and following */
	union {
		struct vfio_pci_tph_cap cap;
		struct vfio_pci_tph_ctrl ctrl;
		struct vfio_pci_tph_st st;
		struct vfio_pci_tph_entries entries;
	};
};

/* A DMA_BUF_GET, whole. */
struct vfio_pci_tph_dma_buf_get {
	__u32 argsz;	/* bytes of this request, with what follows */
	__u32 op;	/* one of VFIO_PCI_TPH_GET_CAP and following */
	__s32 dmabuf_fd;	/* in: the dma-buf */
	__u8 width;	/* in: bits of a tag, 8 or 16 */
	__u8 reserved[3];	/* in: must be 0 */
	__u16 steering_tag;	/* out: the steering tag */
	__u8 ph;	/* out: processing hint, 0 to 3 */
	__u8 reserved1;	/* out: 0 */
};

/* What DMA_BUF_TPH takes if 8 to 11 bytes follow the head. */
struct vfio_device_feature_dma_buf_tph_v2 {
	__s32 dmabuf_fd;	/* in: the dma-buf */
	__u16 steering_tag;	/* in: for either width, if it fits */
	__u8 ph;	/* in: processing hint, 0 to 3 */
	__u8 reserved;	/* in: must be 0 */
};

/* What DMA_BUF_TPH takes if 12 bytes or more follow the head. */
struct vfio_device_feature_dma_buf_tph {
	__s32 dmabuf_fd;	/* in: the dma-buf */
	__u32 flags;	/* in: VFIO_DMA_BUF_TPH_*; 0 takes back both tags */
	__u16 steering_tag_ext;	/* in: 16-bit tag, with VFIO_DMA_BUF_TPH_ST_EXT */
	__u8 steering_tag;	/* in: 8-bit tag, with VFIO_DMA_BUF_TPH_ST */
	__u8 ph;	/* in: processing hint, 0 to 3 */
};

#endif /* _LINUX_VFIO_PCI_TPH_H */
