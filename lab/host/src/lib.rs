//! Boots stock kernels in QEMU with emulated endpoints and runs programs inside.
