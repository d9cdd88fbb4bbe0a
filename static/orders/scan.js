/* Picking: the scanner types a code and Enter; a high tone says right, a low one wrong. */
(() => {
  const box = document.querySelector("[data-scan]");
  if (!box) return;
  const tone = (hertz, seconds) => {
    try {
      const audio = new AudioContext();
      const wave = audio.createOscillator();
      const volume = audio.createGain();
      volume.gain.value = 0.2;
      wave.frequency.value = hertz;
      wave.connect(volume).connect(audio.destination);
      wave.start();
      wave.stop(audio.currentTime + seconds);
    } catch (error) {
      /* a browser that keeps quiet until it is touched: the mark says the same */
    }
  };
  if (box.dataset.scan === "right") tone(1320, 0.12);
  if (box.dataset.scan === "wrong") tone(180, 0.5);
  const field = box.querySelector("[data-scan-field]");
  if (field) field.focus();
})();
