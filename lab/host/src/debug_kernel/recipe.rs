//! What a build depends on.

/// Two builds of one recipe are the same kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipe<'a> {
    pub(super) source: &'a str,
    pub(super) options: &'a str,
    pub(super) compiler: &'a str,
}

impl Recipe<'_> {
    /// A name for a folder: the version, to be read, and a hash of everything (FNV-1a).
    pub(super) fn name(&self) -> String {
        const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let parts = [self.source, self.options, self.compiler];
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
        let hash = bytes.fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        format!("{}-{hash:016x}", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ingredient_counts() {
        let recipe = Recipe { source: "7.3.4-1", options: "CONFIG_PCI=y", compiler: "gcc 14" };
        let others = [
            Recipe { source: "7.3.5-1", ..recipe },
            Recipe { options: "CONFIG_PCI=m", ..recipe },
            Recipe { compiler: "gcc 15", ..recipe },
            Recipe { options: "CONFIG_PCI=yg", compiler: "cc 14", ..recipe },
        ];
        assert!(recipe.name().starts_with("7.3.4-1-"));
        assert_eq!(recipe.name(), recipe.clone().name());
        for other in others {
            assert_ne!(recipe.name(), other.name(), "{other:?}");
        }
    }
}
