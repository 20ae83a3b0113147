//! Sequences from a seed: most of it what a driver would do, the rest spoiled a little or a lot.

mod request;
mod spoil;

use tph::ConfigOffset;

use crate::{Random, Rights, Step, Target, target};

/// Device Control of the emulated functions' PCI Express capability: its upper byte, and the bit
/// there that resets the function.
const DEVICE_CONTROL_HIGH: u16 = 0x49;
const FUNCTION_RESET: u8 = 1 << 7;
/// The longest write to configuration space.
const LONGEST_WRITE: u32 = 8;

/// Makes the sequences for one device: the same seed and number, the same sequence.
#[derive(Clone, Debug)]
pub struct Generator {
    target: Target,
    seed: u64,
    rare: u32,
}

impl Generator {
    /// One sequence in `rare` has a step that takes long: a reset, or closing and opening.
    pub fn new(target: Target, seed: u64, rare: u32) -> Self {
        Self { target, seed, rare }
    }

    /// The sequence with this number.
    pub fn sequence(&self, number: u64) -> Vec<Step> {
        let mut random = Random::new(self.seed, number);
        let length = 2 + random.place(6);
        let mut steps = Vec::with_capacity(length + 2);
        if self.target.vectors_of_table() > 0 && !random.once_in(4) {
            steps.push(self.vectors(&mut random));
        }
        if !random.once_in(5) {
            steps.push(Step::call(request::enable(&mut random)));
        }
        while steps.len() < length {
            steps.push(self.step(&mut random));
        }
        if random.once_in(self.rare) {
            let place = random.place(steps.len() + 1);
            steps.insert(place, slow(&mut random));
        }
        steps
    }

    fn step(&self, random: &mut Random) -> Step {
        if random.once_in(12) {
            return self.write(random);
        }
        if random.once_in(15) {
            return Step::Caller(self.rights(random));
        }
        let vectors_in = if self.target.vectors_of_table() > 0 { 6 } else { 60 };
        if self.target.vectors() > 0 && random.once_in(vectors_in) {
            return if random.once_in(3) { Step::FreeVectors } else { self.vectors(random) };
        }
        let mut bytes = request::any(random, &self.target);
        if random.once_in(4) {
            spoil::one_thing(random, &mut bytes);
        }
        Step::call(bytes)
    }

    /// Vectors from the first on.
    fn vectors(&self, random: &mut Random) -> Step {
        // Each vector is an interrupt, which takes its time.
        let most = if random.once_in(8) { self.target.vectors() } else { target::AIMED_AT };
        let count = 1 + random.below(most.min(self.target.vectors()).into());
        Step::Vectors(u16::try_from(count).unwrap_or(1))
    }

    /// Rights of a process that has a CPU to run on.
    fn rights(&self, random: &mut Random) -> Rights {
        let online = self.target.online();
        let cpus = random.bits() & online;
        let cpus = if random.once_in(4) || cpus == 0 { None } else { Some(cpus) };
        Rights { cpus, sys_nice: random.once_in(3) }
    }

    /// A write in or around the capability, or to Command.
    fn write(&self, random: &mut Random) -> Step {
        if random.once_in(6) {
            let command = random.pick(&[0_u16, 2, 4, 6, 0x0402, 0x0406]);
            return Step::Write { offset: target::COMMAND, bytes: command.to_le_bytes().into() };
        }
        let around = 12 + 2 * u32::from(self.target.entries().min(64)) + 8;
        let space = u32::from(ConfigOffset::SPACE);
        let start = u32::from(self.target.capability()) - 4;
        let offset = start + random.below(around.min(space - start));
        let room = space - offset;
        let length = 1 + random.below(LONGEST_WRITE.min(room));
        let fill = random.pick(&[Some(0), Some(0xff), None, None]);
        let byte = |_| fill.unwrap_or_else(|| random.bits().to_le_bytes()[0]);
        let bytes = (0..length).map(byte).collect();
        Step::Write { offset: u16::try_from(offset).unwrap_or(0), bytes }
    }
}

fn slow(random: &mut Random) -> Step {
    match random.below(3) {
        0 => Step::Reset,
        1 => Step::Reopen,
        _ => Step::Write { offset: DEVICE_CONTROL_HIGH, bytes: vec![FUNCTION_RESET | 0x28] },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph_abi::Operation;
    use tph_abi::layout::op;
    use tph_emu::Profile;

    fn generator(seed: u64) -> Generator {
        let profile = Profile::demo();
        Generator::new(Target::of(&profile, &profile.functions[0]), seed, 20)
    }

    #[test]
    fn a_number_of_a_seed_is_always_the_same_sequence() {
        for number in 0..100 {
            assert_eq!(generator(7).sequence(number), generator(7).sequence(number));
        }
        assert_ne!(generator(7).sequence(3), generator(8).sequence(3));
    }

    #[test]
    fn sequences_are_short_differ_and_hold_every_kind_of_step() {
        let sequences: Vec<_> = (0..2000).map(|number| generator(1).sequence(number)).collect();
        assert!(sequences.iter().all(|steps| (2..=9).contains(&steps.len())));
        let different: std::collections::HashSet<_> = sequences.iter().collect();
        assert!(different.len() > 1900, "{}", different.len());
        let slow = sequences
            .iter()
            .filter(|steps| steps.iter().any(|step| matches!(step, Step::Reset | Step::Reopen)));
        assert!((20..150).contains(&slow.count()));
        let steps = || sequences.iter().flatten();
        assert!(steps().any(|step| matches!(step, Step::Write { offset: 4, .. })));
        assert!(steps().filter(|step| matches!(step, Step::Caller(_))).count() > 300);
        for number in (0..5).chain([Operation::OWN]) {
            let is = |bytes: &[u8]| op::OP.read(bytes, 0) == Some(number);
            let count = steps().filter(|step| matches!(step, Step::Call(bytes) if is(bytes)));
            assert!(count.count() > 300, "operation {number}");
        }
    }

    #[test]
    fn a_server_finds_all_the_bytes_it_reads() {
        for step in (0..2000).flat_map(|number| generator(3).sequence(number)) {
            if let Step::Call(bytes) = step {
                assert!(tph_abi::needed(&bytes).unwrap_or(0) <= bytes.len());
            }
        }
    }
}
