/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Books of rules that are published. */

#include "cues/cues.h"

#include <string.h>

#define MS G_GUINT64_CONSTANT (1000000)
#define SECOND (1000 * MS)

static const struct
{
  const char *name;
  L4CueRules rules;
} presets[] = {
  /* What most published rules agree on: two lines of 42 characters, 17 a second, 5/6 s to 7 s, two frames apart; for wide characters
   * what Netflix says of Chinese. */
  {"plain", {
            .lines = 2,
            .columns = 42,
            .wide_columns = 16,
            .speed = 17,
            .wide_speed = 9,
            .shortest = 5 * SECOND / 6 + 1,
            .longest = 7 * SECOND,
            .gap = SECOND / 12 + 1,
            .gap_frames = 2,
          }},
  /* Netflix, Timed Text Style Guide (partnerhelp.netflixstudios.com): "General Requirements" (two lines, 5/6 s to 7 s; two frames
   * between), "English" (42 characters, 20 a second for adults; most other languages 17), "Chinese (Simplified)" (16 characters, 9 a
   * second). */
  {"netflix", {
            .lines = 2,
            .columns = 42,
            .wide_columns = 16,
            .speed = 20,
            .wide_speed = 9,
            .shortest = 5 * SECOND / 6 + 1,
            .longest = 7 * SECOND,
            .gap = SECOND / 12 + 1,
            .gap_frames = 2,
          }},
  /* BBC, Subtitle Guidelines (bbc.co.uk/accessibility/forproducts/guides/subtitles): two lines, 37 characters on teletext and 68 % of the
   * width elsewhere; 160 to 180 words a minute, of which the slower is 16 characters a second at six a word, its blank among them; no gap
   * at all rather than one of less than a second. It says nothing of wide characters, nor of a shortest and a longest time: these are
   * usual ones. */
  {"bbc", {
            .lines = 2,
            .columns = 37,
            .wide_columns = 16,
            .speed = 16,
            .wide_speed = 9,
            .shortest = SECOND,
            .longest = 7 * SECOND,
            .gap = 0,
            .gap_frames = 0,
          }},
};

const L4CueRules *
l4_cue_rules (const char *preset)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    if (strcmp (presets[i].name, preset) == 0)
      return &presets[i].rules;
  return NULL;
}
