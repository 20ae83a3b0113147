//! `VFIO_DEVICE_FEATURE` with the feature `DMA_BUF_TPH`: tag and hint for a dma-buf that the device
//! exported. The checks come in the order of the kernel series, the hardware's first, so that a
//! probe tells the truth.

use tph::{Completer, DmaBufHint, DmaBufTags, DmaBufs, ProcessingHint, Tag8, Tag16};

use crate::Errno;
use crate::layout::dma_buf::{apart, feature, single};

/// The ioctl on a VFIO device: `_IO(';', 117)`, that is `VFIO_BASE + 17`.
pub const VFIO_DEVICE_FEATURE: u32 = 0x3b75;

/// Bits of `flags` beside the feature's number.
const NUMBER: u32 = 0xffff;
const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;
const DIRECTION: u32 = GET | SET;
const KNOWN: u32 = NUMBER | DIRECTION | PROBE;

/// Bits of `flags` in the payload with tags apart.
pub(crate) const ST: u32 = 1;
pub(crate) const ST_EXT: u32 = 2;
const TAGS: u32 = ST | ST_EXT;

/// The number of the feature `DMA_BUF_TPH`. It is not settled in Linux, so it is a setting of
/// whoever serves it: ask, never assume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeatureNumber(u16);

impl FeatureNumber {
    /// What is served unless told otherwise. Linux 7.3 has 13 for a feature of s390, which is only
    /// got; this one is only set.
    pub const DEFAULT: Self = Self(13);

    /// A number that no kernel has for a feature that is set: 13 to 65535.
    pub const fn new(number: u32) -> Option<Self> {
        if number < Self::DEFAULT.0 as u32 || number > NUMBER {
            return None;
        }
        let [low, high, ..] = number.to_le_bytes();
        Some(Self(u16::from_le_bytes([low, high])))
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The head of a `VFIO_DEVICE_FEATURE`, and how much follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureCall {
    flags: u32,
    size: usize,
}

impl FeatureCall {
    /// A call whose head VFIO has checked: its `flags`, and how many bytes of payload the caller
    /// says there are.
    pub const fn new(flags: u32, size: usize) -> Self {
        Self { flags, size }
    }

    /// Reads the head, with the checks of VFIO.
    ///
    /// # Errors
    /// `EFAULT` if it is not there; `EINVAL` if `argsz` does not cover it, if a flag is unknown, if
    /// getting and setting are asked for at once, without a probe.
    pub fn read(request: &[u8]) -> Result<Self, Errno> {
        let argsz = feature::ARGSZ.read(request, 0).ok_or(Errno::EFAULT)?;
        let flags = feature::FLAGS.read(request, 0).ok_or(Errno::EFAULT)?;
        let size = usize::try_from(argsz).ok().and_then(|size| size.checked_sub(feature::SIZE));
        let both = flags & DIRECTION == DIRECTION && flags & PROBE == 0;
        if flags & !KNOWN != 0 || both {
            return Err(Errno::EINVAL);
        }
        Ok(Self { flags, size: size.ok_or(Errno::EINVAL)? })
    }

    /// Whether this is `DMA_BUF_TPH`. Only getting its number is somebody else's.
    pub const fn is_dma_buf_tph(self, number: FeatureNumber) -> bool {
        let gets = self.flags & DIRECTION == GET;
        self.flags & NUMBER == number.0 as u32 && !gets
    }

    /// How many bytes of payload are needed: none for a probe, which is answered with success.
    ///
    /// # Errors
    /// `EOPNOTSUPP` if the device takes no hints; `EINVAL` if it is not to be set, or if the payload
    /// is shorter than either form.
    pub fn payload(self, completer: Completer) -> Result<usize, Errno> {
        DmaBufTags::NONE.received_by(completer)?;
        if self.flags & GET != 0 {
            return Err(Errno::EINVAL);
        }
        if self.flags & PROBE != 0 {
            return Ok(0);
        }
        match self.size {
            _ if self.flags & SET == 0 => Err(Errno::EINVAL),
            size if size >= apart::LAYOUT.size => Ok(apart::LAYOUT.size),
            size if size >= single::LAYOUT.size => Ok(single::LAYOUT.size),
            _ => Err(Errno::EINVAL),
        }
    }
}

/// What a `DMA_BUF_TPH` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaBufSet {
    /// The dma-buf, by the caller's descriptor.
    pub descriptor: i32,
    /// What is to be set.
    pub hint: DmaBufHint,
}

impl DmaBufSet {
    /// Reads a payload that is as long as [`FeatureCall::payload`] says.
    ///
    /// # Errors
    /// `EINVAL` for an unknown flag, a reserved byte that is not 0, a hint over 3; then
    /// `EOPNOTSUPP` for tags that `completer`, the device's own, does not take.
    pub fn parse(payload: &[u8], completer: Completer) -> Result<Self, Errno> {
        let descriptor = single::DMABUF_FD.read(payload, 0).ok_or(Errno::EINVAL)?;
        let (tags, hint) = Self::tags_and_hint(payload).ok_or(Errno::EINVAL)?;
        let hint = DmaBufHint { tags: tags.received_by(completer)?, hint };
        Ok(Self { descriptor: i32::from_le_bytes(descriptor.to_le_bytes()), hint })
    }

    fn tags_and_hint(payload: &[u8]) -> Option<(DmaBufTags, ProcessingHint)> {
        let hint = |bits: u32| ProcessingHint::from_bits(u8::try_from(bits).ok()?);
        let number = |bits: u32| Some(Tag16(u16::try_from(bits).ok()?));
        if payload.len() < apart::LAYOUT.size {
            let tag = number(single::STEERING_TAG.read(payload, 0)?)?;
            let hint = hint(single::PH.read(payload, 0)?)?;
            let whole = single::RESERVED.is_zero(payload, 0);
            return whole.then_some((DmaBufTags::Single(tag), hint));
        }
        let flags = apart::FLAGS.read(payload, 0)?;
        let standard = Tag8(u8::try_from(apart::STEERING_TAG.read(payload, 0)?).ok()?);
        let extended = number(apart::STEERING_TAG_EXT.read(payload, 0)?)?;
        let tags = DmaBufTags::Apart {
            standard: (flags & ST != 0).then_some(standard),
            extended: (flags & ST_EXT != 0).then_some(extended),
        };
        let known = flags & !TAGS == 0;
        known.then_some((tags, hint(apart::PH.read(payload, 0)?)?))
    }

    /// The whole request, in the form that its tags have.
    pub fn request(self, number: FeatureNumber) -> FeatureRequest {
        let base = feature::SIZE;
        let descriptor = u32::from_le_bytes(self.descriptor.to_le_bytes());
        let ph = self.hint.hint.bits().into();
        match self.hint.tags {
            DmaBufTags::Single(tag) => {
                let mut request = FeatureRequest::new(number, SET, single::LAYOUT.size);
                single::DMABUF_FD.write(&mut request.bytes, base, descriptor);
                single::STEERING_TAG.write(&mut request.bytes, base, tag.0.into());
                single::PH.write(&mut request.bytes, base, ph);
                request
            }
            DmaBufTags::Apart { standard, extended } => {
                let mut request = FeatureRequest::new(number, SET, apart::LAYOUT.size);
                let bytes = &mut request.bytes;
                let flags = standard.map_or(0, |_| ST) | extended.map_or(0, |_| ST_EXT);
                apart::DMABUF_FD.write(bytes, base, descriptor);
                apart::FLAGS.write(bytes, base, flags);
                apart::STEERING_TAG.write(bytes, base, standard.map_or(0, |tag| tag.0.into()));
                apart::STEERING_TAG_EXT.write(bytes, base, extended.map_or(0, |tag| tag.0.into()));
                apart::PH.write(bytes, base, ph);
                request
            }
        }
    }
}

/// The bytes of a `VFIO_DEVICE_FEATURE` request.
#[derive(Clone, Copy, Debug)]
pub struct FeatureRequest {
    bytes: [u8; feature::SIZE + apart::LAYOUT.size],
    length: usize,
}

impl FeatureRequest {
    /// Asks whether tags of dma-bufs can be set on this device.
    pub fn probe(number: FeatureNumber) -> Self {
        Self::new(number, SET | PROBE, 0)
    }

    fn new(number: FeatureNumber, flags: u32, payload: usize) -> Self {
        let length = feature::SIZE + payload;
        let mut request = Self { bytes: [0; feature::SIZE + apart::LAYOUT.size], length };
        let argsz = u32::try_from(length).unwrap_or(u32::MAX);
        feature::ARGSZ.write(&mut request.bytes, 0, argsz);
        feature::FLAGS.write(&mut request.bytes, 0, flags | u32::from(number.0));
        request
    }

    /// The request; its `argsz` is its length.
    pub fn bytes(&mut self) -> &mut [u8] {
        let length = self.length;
        self.bytes.get_mut(..length).unwrap_or_default()
    }
}

/// Answers the `VFIO_DEVICE_FEATURE` in `request` if it is `DMA_BUF_TPH`, which has `number` here;
/// `None` is another feature. `completer` is the device's own.
///
/// # Errors
/// In this order: those of [`FeatureCall::read`], [`FeatureCall::payload`], `EFAULT` if the payload
/// is not there, [`DmaBufSet::parse`], [`DmaBufs::set_hint`].
pub fn answer_feature(
    request: &[u8],
    number: FeatureNumber,
    completer: Completer,
    dma_bufs: &mut (impl DmaBufs + ?Sized),
) -> Option<Result<(), Errno>> {
    match FeatureCall::read(request) {
        Ok(call) if call.is_dma_buf_tph(number) => {
            let payload = request.get(feature::SIZE..).unwrap_or_default();
            Some(set(call, payload, completer, dma_bufs))
        }
        Ok(_) => None,
        Err(errno) => Some(Err(errno)),
    }
}

fn set(
    call: FeatureCall,
    payload: &[u8],
    completer: Completer,
    dma_bufs: &mut (impl DmaBufs + ?Sized),
) -> Result<(), Errno> {
    let needed = call.payload(completer)?;
    if needed == 0 {
        return Ok(());
    }
    let payload = payload.get(..needed).ok_or(Errno::EFAULT)?;
    let set = DmaBufSet::parse(payload, completer)?;
    Ok(dma_bufs.set_hint(set.descriptor, set.hint)?)
}
