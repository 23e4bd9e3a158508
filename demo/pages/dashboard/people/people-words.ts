import type { DeviceView, UserView } from "../../../socket-events.ts";

/** How many devices a user is connected with, in words. */
export function presenceWords({ devices }: Pick<UserView, "devices">): string {
  if (devices.length === 0) return "Fully disconnected";
  return devices.length === 1 ? "Connected from 1 device" : `Connected from ${devices.length} devices`;
}

/** How long a device has been connected, at the instant `now` (ms since the epoch): "since 23:04:05, for 2 min". */
export function sinceWords({ since }: Pick<DeviceView, "since">, now: number): string {
  return `since ${clockFormat.format(new Date(since))}, for ${spanWords(Math.max(0, now - since))}`;
}

function spanWords(duration: number): string {
  const seconds = Math.floor(duration / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
