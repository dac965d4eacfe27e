//! The status before the control thread's first update.

use super::inputs::ChosenInputs;
use crate::{
    engine::{config::EngineConfig, host::DeviceSpec},
    music::Position,
    status::{
        AutomationStatus, ClockStatus, DeviceStatus, FaultCounts, InputsStatus, LoudnessStatus, MeterStatus,
        ParamsStatus, RealtimeStatus, RecordStatus, RoundTripStatus, Status, StatusPart, TransportStatus,
    },
    taps::Taps,
};
use std::sync::Arc;

/// A device's status before it runs.
pub fn device_status(spec: &DeviceSpec) -> DeviceStatus {
    DeviceStatus {
        host: spec.host.to_owned(),
        name: spec.name.clone(),
        running: true,
        sample_rate_hz: spec.sample_rate_hz,
        block_frames: spec.block_frames,
        load_percent: 0,
        load_peak_percent: 0,
        xruns: 0,
    }
}

/// The status at the start.
pub fn first_status(config: &EngineConfig, spec: &DeviceSpec, inputs: &ChosenInputs) -> Status {
    Status {
        at_ns: 0,
        transport: StatusPart::from(TransportStatus {
            playing: false,
            position: Position::of_pulse(0.0),
            seconds: 0.0,
            bpm: config.bpm.get(),
            clock_on: config.clock_on,
        }),
        device: device_status(spec).into(),
        realtime: RealtimeStatus::default().into(),
        ports: Vec::new().into(),
        instrument: 0.into(),
        clock: ClockStatus::default().into(),
        learning: None.into(),
        monitor: None.into(),
        inputs: StatusPart::from(InputsStatus {
            channels: inputs.channels.clone(),
            meters: vec![MeterStatus::SILENT; inputs.sources.len()],
            gains_db: vec![0.0; inputs.sources.len()],
            monitor_db: inputs.monitor.0,
        }),
        outputs: vec![MeterStatus::SILENT; 2].into(),
        click_on: false.into(),
        limiter_on: false.into(),
        loudness: LoudnessStatus::SILENT.into(),
        profiles: config.library.ids().map(str::to_owned).collect::<Arc<[String]>>().into(),
        params: StatusPart::from(ParamsStatus::standing(
            Arc::clone(&config.profile),
            config.profile.params.iter().map(|param| param.default).collect(),
        )),
        automation: AutomationStatus::default().into(),
        morph: None.into(),
        session: None.into(),
        record: StatusPart::from(RecordStatus {
            inputs: config.recorder.inputs.as_ref().map_or_else(|| inputs.channels.clone(), Taps::to_string),
            ..RecordStatus::standing(config.folder.clone())
        }),
        audition: None.into(),
        latency: RoundTripStatus::default().into(),
        takes: None.into(),
        tracks: None.into(),
        doors: Vec::new().into(),
        faults: FaultCounts::default().into(),
    }
}
