//! Tag and hint that travel with a dma-buf: what a peer device puts on its writes into memory of
//! the device that exported the buffer. What such a tag means is that device's business alone, so
//! what counts is the completer field of the exporter itself, not of a root port.

use core::fmt;

use crate::{Completer, ProcessingHint, RequesterType, SteeringTag, Tag8, Tag16};

/// What was set for a dma-buf. Setting replaces all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DmaBufHint {
    /// The tags.
    pub tags: DmaBufTags,
    /// The hint that goes with them, whatever their width.
    pub hint: ProcessingHint,
}

/// The tags of a dma-buf, as one of the two forms of the interface gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DmaBufTags {
    /// One number for requesters of either width ("vfio/dma-buf: add TPH support", up to v2): one
    /// of 8-bit tags gets it if it fits.
    Single(Tag16),
    /// A tag for each width, or none (v6 and later). Never is one made from the other.
    Apart {
        /// For requesters of 8-bit tags.
        standard: Option<Tag8>,
        /// For requesters of 16-bit tags.
        extended: Option<Tag16>,
    },
}

/// Why a dma-buf got no tag, or has none to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DmaBufError {
    /// The device that would receive the tags takes no hints.
    NoCompleter,
    /// The device that would receive the tags takes only those of 8 bits.
    NoExtendedCompleter,
    /// Nothing was set for this width.
    NoTag(RequesterType),
    /// The one number that was set does not fit in 8 bits.
    TooWide(Tag16),
    /// The buffer's memory is out of reach: its device was closed, is in reset, is in low power, or
    /// has its memory space off.
    Revoked,
    /// The descriptor is not open.
    NotOpen,
    /// The descriptor is not a dma-buf.
    NotADmaBuf,
    /// This device did not export the buffer, or it was closed since then.
    NotExportedHere,
    /// A signal came while the buffer was locked by somebody else.
    Interrupted,
    /// No memory to keep it.
    NoMemory,
    /// VFIO of this kernel exports no dma-bufs.
    NoExport,
}

/// The dma-bufs of a host, as the caller's descriptors name them.
///
/// An implementation finds, keeps and hands out; it decides nothing.
pub trait DmaBufs {
    /// What was set for the dma-buf `descriptor`, `None` if nothing was.
    ///
    /// # Errors
    /// [`NotOpen`](DmaBufError::NotOpen), [`NotADmaBuf`](DmaBufError::NotADmaBuf),
    /// [`Interrupted`](DmaBufError::Interrupted), [`NoExport`](DmaBufError::NoExport), and
    /// [`Revoked`](DmaBufError::Revoked) for a buffer that something was set for.
    fn hint(&mut self, descriptor: i32) -> Result<Option<DmaBufHint>, DmaBufError>;

    /// Replaces what is set for the dma-buf `descriptor`, which the device that is asked exported
    /// since it was opened.
    ///
    /// # Errors
    /// In this order: [`NotOpen`](DmaBufError::NotOpen), [`NotADmaBuf`](DmaBufError::NotADmaBuf),
    /// [`NotExportedHere`](DmaBufError::NotExportedHere),
    /// [`Interrupted`](DmaBufError::Interrupted), [`NoMemory`](DmaBufError::NoMemory).
    fn set_hint(&mut self, descriptor: i32, hint: DmaBufHint) -> Result<(), DmaBufError>;
}

impl DmaBufTags {
    /// No tag of either width: what takes back those that were set.
    pub const NONE: Self = Self::Apart { standard: None, extended: None };

    /// The tags as `completer`, of the device that exports the buffer, can receive them: on one
    /// without 16-bit tags a single number is an 8-bit tag alone.
    ///
    /// # Errors
    /// [`NoCompleter`](DmaBufError::NoCompleter) if it takes none;
    /// [`NoExtendedCompleter`](DmaBufError::NoExtendedCompleter) if it takes only tags of 8 bits
    /// and this is one of 16.
    pub fn received_by(self, completer: Completer) -> Result<Self, DmaBufError> {
        if completer.requester_type().ok_or(DmaBufError::NoCompleter)? == RequesterType::ExtendedTph
        {
            return Ok(self);
        }
        match self {
            Self::Single(Tag16(number)) => match u8::try_from(number) {
                Ok(tag) => Ok(Self::Apart { standard: Some(Tag8(tag)), extended: None }),
                Err(_) => Err(DmaBufError::NoExtendedCompleter),
            },
            Self::Apart { extended: Some(_), .. } => Err(DmaBufError::NoExtendedCompleter),
            Self::Apart { extended: None, .. } => Ok(self),
        }
    }

    /// The tag for a requester of this type.
    ///
    /// # Errors
    /// [`NoTag`](DmaBufError::NoTag) if none was set for it, [`TooWide`](DmaBufError::TooWide) if a
    /// single number does not fit in its tags.
    pub fn tag(self, requester: RequesterType) -> Result<SteeringTag, DmaBufError> {
        let none = DmaBufError::NoTag(requester);
        match (requester, self) {
            (RequesterType::Tph, Self::Single(number)) => match u8::try_from(number.0) {
                Ok(tag) => Ok(SteeringTag::Standard(Tag8(tag))),
                Err(_) => Err(DmaBufError::TooWide(number)),
            },
            (RequesterType::ExtendedTph, Self::Single(tag)) => Ok(SteeringTag::Extended(tag)),
            (RequesterType::Tph, Self::Apart { standard, .. }) => {
                standard.map(SteeringTag::Standard).ok_or(none)
            }
            (RequesterType::ExtendedTph, Self::Apart { extended, .. }) => {
                extended.map(SteeringTag::Extended).ok_or(none)
            }
        }
    }
}

impl DmaBufHint {
    /// Tag and hint for a requester of this type, out of what was set for a buffer, if anything
    /// was.
    ///
    /// # Errors
    /// As [`DmaBufTags::tag`].
    pub fn answer(
        set: Option<Self>,
        requester: RequesterType,
    ) -> Result<(SteeringTag, ProcessingHint), DmaBufError> {
        let set = set.ok_or(DmaBufError::NoTag(requester))?;
        Ok((set.tags.tag(requester)?, set.hint))
    }
}

impl fmt::Display for DmaBufError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCompleter => "the device that exports the dma-buf takes no processing hints",
            Self::NoExtendedCompleter => {
                "the device that exports the dma-buf takes 8-bit tags only"
            }
            Self::NoTag(requester) => {
                return write!(f, "nothing was set for {requester} on this dma-buf");
            }
            Self::TooWide(tag) => return write!(f, "the dma-buf's tag {tag} has over 8 bits"),
            Self::Revoked => "the dma-buf's memory is out of reach: its device is closed or off",
            Self::NotOpen => "the descriptor of the dma-buf is not open",
            Self::NotADmaBuf => "the descriptor is not a dma-buf",
            Self::NotExportedHere => {
                "this device did not export the dma-buf, or was closed since then"
            }
            Self::Interrupted => "a signal came while the dma-buf was in use",
            Self::NoMemory => "no memory to keep the dma-buf's tag",
            Self::NoExport => "VFIO of this kernel exports no dma-bufs",
        })
    }
}

impl core::error::Error for DmaBufError {}
