//! The C code in the documents is code: a compiler takes it without a warning.

use std::fs;

use crate::common::{compiler, done, package};

/// A block of C in a document.
struct Block {
    document: &'static str,
    /// What it begins with.
    begins: &'static str,
    /// What a reader has in front of it and behind it.
    around: (&'static str, &'static str),
}

/// Statements in a function with these parameters.
macro_rules! inside {
    ($parameters:literal) => {
        (
            concat!(
                "#include <vfiotph.h>\n#include <stdio.h>\nvoid f(",
                $parameters,
                ");\nvoid f(",
                $parameters,
                ")\n{\n"
            ),
            "}\n",
        )
    };
}

const BLOCKS: [Block; 6] = [
    Block {
        document: "README.md",
        begins: "struct vfiotph_entry entries[]",
        around: inside!("int device_fd, struct vfiotph_device *tph"),
    },
    Block {
        document: "docs/c-api.md",
        begins: "struct vfiotph_device *tph;",
        around: inside!("int device_fd"),
    },
    Block {
        document: "docs/c-api.md",
        begins: "struct vfiotph_queue queues[]",
        around: inside!("struct vfiotph_device *tph"),
    },
    Block {
        document: "docs/peer.md",
        begins: "struct vfiotph_range megabyte",
        around: inside!("struct vfiotph_device *accelerator"),
    },
    Block {
        document: "docs/peer.md",
        begins: "static int write_place",
        around: (
            "#include <vfiotph.h>\n#include <stdio.h>\n",
            // It uses them, or they would be warned of.
            "int f(struct vfiotph_device *, struct vfiotph_tag_table *, void *);\n\
             int f(struct vfiotph_device *nic, struct vfiotph_tag_table *table, void *registers)\n\
             {\n    struct vfiotph_buffer_tag *held;\n    uint8_t hint;\n\n    \
             return write_place(registers, 1, 2) + place_for(nic, table, 0, &held, &hint);\n}\n",
        ),
    },
    Block {
        document: "docs/peer.md",
        begins: "#include \"vfio_tph_dma_buf.h\"",
        around: (IMPORTER, "\treturn err;\n}\n"),
    },
];

/// Linux, as far as an importer needs it to ask our module. That Linux is so is seen where
/// `kernel/test/tph_lab_importer.c` is built, which asks in the same way.
const LINUX: &str = "\
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
struct dma_resv;
struct sg_table;
struct dma_buf { struct dma_resv *resv; };
struct dma_buf_attachment { struct dma_buf *dmabuf; };
enum dma_data_direction { DMA_BIDIRECTIONAL };
int dma_resv_lock(struct dma_resv *resv, void *context);
void dma_resv_unlock(struct dma_resv *resv);
struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *, enum dma_data_direction);
bool IS_ERR(const void *pointer);
#define symbol_get(name) (&name)
";
const IMPORTER: &str = "\
int f(struct dma_buf_attachment *attach, u8 width);
int f(struct dma_buf_attachment *attach, u8 width)
{
\tstruct sg_table *sgt;
\tu16 steering_tag;
\tu8 ph;
\tint err;

";

/// The blocks of C of a document.
fn blocks(document: &str) -> Vec<String> {
    let path = package().join("../..").join(document);
    let text = fs::read_to_string(path).unwrap();
    let after = text.split("\n```c\n").skip(1);
    after.map(|rest| rest.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

#[test]
fn every_block_is_compiled() {
    let work = tempfile::tempdir().unwrap();
    fs::create_dir(work.path().join("linux")).unwrap();
    fs::write(work.path().join("linux/types.h"), "").unwrap();
    for Block { document, begins, around: (before, after) } in BLOCKS {
        let blocks = blocks(document);
        let block = blocks.iter().find(|block| block.starts_with(begins));
        let block = block.unwrap_or_else(|| panic!("{document}: nothing begins with {begins:?}"));
        let mut compile = compiler();
        let whole = if let Some((include, rest)) =
            block.split_once('\n').filter(|(first, _)| first.contains("vfio_tph_dma_buf.h"))
        {
            compile.arg("-I").arg(package().join("../../kernel")).arg("-I").arg(work.path());
            format!("{LINUX}{include}\n{before}{rest}{after}")
        } else {
            format!("{before}{block}{after}")
        };
        let source = work.path().join("block.c");
        fs::write(&source, whole).unwrap();
        done(compile.args(["-O1", "-c", "-o", "/dev/null"]).arg(source));
    }
}

#[test]
fn no_block_is_left_out() {
    for folder in ["", "docs"] {
        let folder = package().join("../..").join(folder);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let document = path.strip_prefix(package().join("../..")).unwrap();
            let document = document.display().to_string();
            let known = BLOCKS.iter().filter(|block| block.document == document).count();
            assert_eq!(blocks(&document).len(), known, "{document}");
        }
    }
}
