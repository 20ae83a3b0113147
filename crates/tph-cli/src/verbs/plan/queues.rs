//! The queues of a plan: given, or read from interrupts, threads, a file.

use tph::{CpuId, MemoryType, StIndex};
use vfio_tph::{CpuSet, Host, Queue, Thread, VectorAffinity};

use super::args::PlanArgs;
use crate::cli::Steering;
use crate::failure::Failure;
use crate::plan_file::PlanFile;
use crate::source;

/// The queues that a plan is asked for, as yet tied to nothing.
pub(super) fn queues(args: &PlanArgs, from: Option<&PlanFile>) -> Result<Vec<Queue>, Failure> {
    let given = &args.queues;
    let mut queues = if let Some(file) = from {
        return Ok(file.queues.iter().map(|(queue, _)| *queue).collect());
    } else if let Some(numbers) = &given.range {
        ranges(numbers, args.cpus.as_ref())?
    } else if given.irqs {
        of_interrupts(args)?
    } else if let Some(process) = given.pid {
        of_threads(args, process)?
    } else {
        let queue = |&Steering { index, cpu }: &Steering| Queue::new(index.0.into(), cpu);
        given.queue.iter().map(queue).collect()
    };
    for queue in &mut queues {
        queue.memory = MemoryType::from(args.memory);
    }
    Ok(queues)
}

fn ranges(numbers: &CpuSet, cpus: Option<&CpuSet>) -> Result<Vec<Queue>, Failure> {
    let cpus = cpus.ok_or_else(|| {
        Failure::Usage("--queues needs --cpus: the CPUs that poll them, such as 0-7".into())
    })?;
    if cpus.len() > numbers.len() {
        let (queues, cpus) = (numbers.len(), cpus.len());
        return Err(Failure::Usage(format!(
            "{cpus} CPUs and only {queues} queues: name at most as many CPUs as queues"
        )));
    }
    let cpus: Vec<CpuId> = cpus.iter().collect();
    let pairs = numbers.iter().zip(cpus.into_iter().cycle());
    Ok(pairs.map(|(number, cpu)| Queue::new(number.0, cpu)).collect())
}

/// Queue *n* is that of the *n*-th vector from the first on.
fn of_interrupts(args: &PlanArgs) -> Result<Vec<Queue>, Failure> {
    let none = |reason: String, advice: &str| Failure::NoQueues {
        what: args.device.clone(),
        reason,
        advice: advice.to_owned(),
    };
    let vectors = if args.place.emulated.is_some() {
        Vec::new()
    } else {
        let host = source::host(args.place.sysroot.as_ref());
        host.vector_affinity(source::find(&host, &args.device)?)
    };
    let first = usize::from(args.first_vector);
    if vectors.len() <= first {
        let reason = format!("no MSI or MSI-X vector from {first} on is set up");
        let advice = "Start its driver first, or name the queues: --queue QUEUE=CPU.";
        return Err(none(reason, advice));
    }
    let queue = |(number, vector): (u32, &VectorAffinity)| {
        let cpus = vector.cpus.clone().unwrap_or_default();
        let mut one = cpus.iter();
        match (one.next(), one.next()) {
            (Some(cpu), None) => Ok(Queue::new(number, cpu).interrupting_with(vector.vector)),
            _ => Err(none(
                format!("vector {} (IRQ {}) goes to no single CPU", vector.vector, vector.irq),
                &format!(
                    "Give it one, as root: echo CPU > /proc/irq/{}/smp_affinity_list.",
                    vector.irq
                ),
            )),
        }
    };
    (0..).zip(&vectors[first..]).map(queue).collect()
}

/// A queue for each pinned thread, in the order of their numbers.
fn of_threads(args: &PlanArgs, process: u32) -> Result<Vec<Queue>, Failure> {
    let host = match &args.place.emulated {
        Some(_) => Host::default(),
        None => source::host(args.place.sysroot.as_ref()),
    };
    let wanted = |thread: &Thread| {
        args.threads.as_ref().is_none_or(|prefix| thread.name.starts_with(prefix.as_str()))
    };
    let threads = host.threads(process)?;
    let pinned = threads.iter().filter(|thread| wanted(thread)).filter_map(Thread::pinned_to);
    let queues: Vec<_> = (0..).zip(pinned).map(|(number, cpu)| Queue::new(number, cpu)).collect();
    if queues.is_empty() {
        let named = args.threads.as_ref().map(|prefix| format!(" named {prefix}…"));
        return Err(Failure::NoQueues {
            what: format!("process {process}"),
            reason: format!("no thread{} is pinned to one CPU", named.unwrap_or_default()),
            advice: "Pin those that poll (taskset -p), or name the queues: --queue QUEUE=CPU."
                .into(),
        });
    }
    Ok(queues)
}

/// Ties each queue to the entry that its device takes for it: that of its vector, or of its number.
pub(in crate::verbs) fn tie(queues: &mut [Queue]) -> Result<(), Failure> {
    for queue in queues.iter_mut().filter(|queue| queue.tied_to.is_none()) {
        let number = u16::try_from(queue.number).map(StIndex);
        let entry = queue.vector.map_or(number, Ok);
        queue.tied_to = Some(entry.map_err(|_| {
            Failure::Usage(format!("queue {} has no entry: tables end before 65536", queue.number))
        })?);
    }
    Ok(())
}
