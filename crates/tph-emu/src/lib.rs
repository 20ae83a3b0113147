//! An emulated TPH host: functions, root ports, firmware, a tagging DMA engine, a scoreboard.
