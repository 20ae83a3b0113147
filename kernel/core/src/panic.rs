//! What rustc wants for a panic. The build fails if anything in the module refers to it.

use core::panic::PanicInfo;

unsafe extern "C" {
    // SAFETY: takes nothing and does not return; `BUG()` in the glue.
    safe fn tph_host_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    tph_host_panic()
}
