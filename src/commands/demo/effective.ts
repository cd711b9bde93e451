import type { SimulatedKubelet } from '../../cluster/port.ts';
import { type ConfigLayer, effectiveConfig } from '../../eviction/config.ts';
import { type EvictionSettings, settingsOf } from '../../eviction/settings.ts';
import { parseKubeletVersion } from '../../eviction/version.ts';
import type { KubeletDocument } from '../../kubelet/document.ts';

/**
 * What a kubelet runs once a document is in its place, by its own rules: a configuration file replaces everything, and what it
 * leaves out is the default; a fragment is laid over what the kubelet runs now; flags replace whole maps of it. Pure.
 */
export function settingsWith(document: KubeletDocument, kubelet: SimulatedKubelet): EvictionSettings {
  const { acts, layer, settings } = document;
  const { os, settings: now } = kubelet;
  const version = parseKubeletVersion(kubelet.version);
  // Documents of some platforms carry texts only, and are merged all the same.
  const part: ConfigLayer = Object.keys(layer).length > 0 ? layer : settings;
  return settingsOf(
    effectiveConfig({
      version,
      os,
      configFile: acts === 'file' ? layer : now,
      dropIns: acts === 'merge' ? [part] : [],
      flags: acts === 'flags' ? settings : {},
    }),
  );
}
