//! The fixed, counted slice of inputs that every test run sends.

use crate::{TARGETS, Target, slice};

crate::limited!();

fn usual(name: &str) {
    let target: &Target = TARGETS.iter().find(|target| target.name == name).unwrap();
    slice::usual(target);
}

macro_rules! slices {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                usual(stringify!($name));
            }
        )*

        #[test]
        fn every_target_has_its_slice() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

slices! {
    atomic capi decoder dispatcher dump guest plan plan_file profile server slots sysroot wire
}
