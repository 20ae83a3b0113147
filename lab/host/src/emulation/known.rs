//! Answering questions about emulated functions.

use crate::run::{Endpoints, QueryError};
use serde_json::Value;
use tph::ConfigOffset;
use tph_emu::profile::{Cpu, word_of};
use tph_emu::{FunctionId, Profile, SharedHost};
use tph_lab_wire::{Accesses, CpuTags};

/// The functions of the machine in their order, each with its name in its profile.
pub(super) struct Known {
    functions: Vec<Function>,
    tags: Vec<CpuTags>,
}

struct Function {
    name: String,
    host: SharedHost,
    id: FunctionId,
}

impl Known {
    /// No function yet, and the tags of the profile whose firmware the guest has.
    pub(super) fn of(profile: Option<&Profile>) -> Self {
        Self { functions: Vec::new(), tags: profile.map(tags).unwrap_or_default() }
    }

    pub(super) fn len(&self) -> usize {
        self.functions.len()
    }

    pub(super) fn add(&mut self, name: &str, host: SharedHost, id: FunctionId) {
        self.functions.push(Function { name: name.to_owned(), host, id });
    }

    fn find(&self, name: &str) -> Result<&Function, QueryError> {
        self.index(name).map(|index| &self.functions[index])
    }
}

fn tags(profile: &Profile) -> Vec<CpuTags> {
    let Some(firmware) = &profile.firmware else { return Vec::new() };
    let of = |cpu: &Cpu| CpuTags { cpu: cpu.id, word: word_of(profile, firmware, cpu.id).0 };
    profile.cpus.iter().map(of).collect()
}

impl Endpoints for Known {
    fn scoreboard(&self, endpoint: &str) -> Result<Value, QueryError> {
        let function = self.find(endpoint)?;
        let scoreboard = function.host.lock().scoreboard(function.id);
        serde_json::to_value(scoreboard).map_err(|error| QueryError::NotJson(error.to_string()))
    }

    fn reset_scoreboard(&self, endpoint: &str) -> Result<(), QueryError> {
        let function = self.find(endpoint)?;
        function.host.lock().endpoint_mut(function.id).clear_record();
        Ok(())
    }

    fn registers(&self, endpoint: &str, offset: u16, count: u16) -> Result<Vec<u32>, QueryError> {
        let function = self.find(endpoint)?;
        let host = function.host.lock();
        let dword = |index: u16| {
            let offset = offset.checked_add(index.checked_mul(4)?)?;
            Some(host.config_dword(function.id, ConfigOffset::new(offset)?))
        };
        (0..count).map(dword).collect::<Option<_>>().ok_or(QueryError::NoRegister { offset, count })
    }

    /// `ep0` is the first function; else the first function of that name.
    fn index(&self, endpoint: &str) -> Result<usize, QueryError> {
        endpoint
            .strip_prefix("ep")
            .and_then(|number| number.parse::<usize>().ok())
            .filter(|index| *index < self.functions.len())
            .or_else(|| self.functions.iter().position(|function| function.name == endpoint))
            .ok_or_else(|| QueryError::NoEndpoint(endpoint.to_owned()))
    }

    fn firmware(&self) -> Vec<CpuTags> {
        self.tags.clone()
    }

    fn accesses(&self, endpoint: &str) -> Result<Accesses, QueryError> {
        let function = self.find(endpoint)?;
        let counts = function.host.lock().endpoint(function.id).counts();
        Ok(Accesses {
            config_reads: counts.config_reads,
            config_writes: counts.config_writes,
            tph_reads: counts.tph_reads,
            tph_writes: counts.tph_writes,
        })
    }
}
