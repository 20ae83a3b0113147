//! The library's first example, which a driver's author copies, on a real kernel.

use tph_lab_guest::{Control, Endpoint, Suite};

use crate::c_library::steers_each_queue;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    suite.test("first_driver::each_queue_carries_the_tag_of_its_cpu_and_nothing_is_left", || {
        // Profiles of guests for a few tests have other endpoints.
        let nic = Endpoint::named("nic0").ok_or("no such endpoint")?;
        steers_each_queue(&nic, control, "steer", Vec::new())
    });
}
