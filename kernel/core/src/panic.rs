//! What rustc wants for a panic: a function that does not exist. So a module whose Rust code could
//! panic cannot be linked; kernel/build.sh says it in better words before.

use core::panic::PanicInfo;

unsafe extern "C" {
    // SAFETY: nobody can call what is defined nowhere.
    safe fn tph_rust_code_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    tph_rust_code_can_panic()
}
