//! How far a build is.

/// How many lines `make` prints for the whole kernel, roughly: it does not know beforehand either.
const LINES: u64 = 1800;

/// Counts the lines that `make` prints.
#[derive(Debug, Default)]
pub(super) struct Counter {
    lines: u64,
}

impl Counter {
    /// Takes a line such as `  CC [M]  drivers/vfio/vfio_main.o`; the percentage, which is never 100,
    /// and what to show.
    pub(super) fn take<'a>(&mut self, line: &'a str) -> (u64, &'a str) {
        self.lines += 1;
        ((self.lines * 100 / LINES).min(99), line.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_never_claims_to_be_done() {
        let mut counter = Counter::default();
        assert_eq!(counter.take("  CC      fs/super.o"), (0, "CC      fs/super.o"));
        let mut last = 0;
        for _ in 0..2 * LINES {
            let (percent, _) = counter.take("");
            assert!((last..100).contains(&percent));
            last = percent;
        }
        assert_eq!(last, 99);
    }
}
