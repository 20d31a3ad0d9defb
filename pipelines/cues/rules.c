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
  /* Netflix, Timed Text Style Guide, below https://partnerhelp.netflixstudios.com/hc/en-us/articles/: 215758617, "General Requirements"
   * (two lines, 5/6 s to 7 s), 360051554394, "Subtitle Timing Guidelines" (two frames between cues at all frame rates; gaps of up to half
   * a second are closed to that), 217350977, "English" (42 characters, 20 a second for adults). What other languages have stands below. */
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
            .pause = SECOND / 2 + 1,
          }},
  /* BBC, Subtitle Guidelines, https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/: 3.1 "Line length" (37 characters on
   * teletext, 68 % of the width elsewhere), 3.3 (two lines), 4.1 "Target minimum timing" (160 to 180 words a minute, of which the
   * slower is 16 characters a second at six a word, its blank among them), 4.5 "Gaps" (one second at least, or none), all as others
   * quote them. It says nothing of wide characters, nor of a shortest and a longest time: these are usual ones. */
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
            .pause = SECOND,
          }},
};

/* Netflix by language: 215986007 "Chinese", 216001127 "Korean", 215767517 "Japanese", 215346638 "Russian", 220448308 "Thai"; the last one
 * stands for all others but English. Line lengths are from these pages; reading speeds, and Japanese's, are as others quote them. */
static const struct
{
  const char *language;
  guint columns, wide_columns;
  double speed, wide_speed;
} spoken[] = {
  {"zh", 42, 16, 17, 9}, {"ko", 42, 16, 17, 12}, {"ja", 42, 13, 17, 4}, {"ru", 39, 16, 17, 9}, {"th", 35, 16, 17, 9}, {NULL, 42, 16, 17, 9},
};

const L4CueRules *
l4_cue_rules (const char *preset)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++)
    if (strcmp (presets[i].name, preset) == 0)
      return &presets[i].rules;
  return NULL;
}

/* Whether the tag ("pt-BR") is of that language ("pt"). */
static gboolean
is_of (const char *tag, const char *language)
{
  gsize length = strlen (language);

  return g_ascii_strncasecmp (tag, language, length) == 0 && (tag[length] == '\0' || tag[length] == '-');
}

void
l4_cue_rules_for (const char *preset, const char *tag, L4CueRules *rules)
{
  guint i = 0;

  *rules = *l4_cue_rules (preset);
  if (strcmp (preset, "netflix") != 0 || tag == NULL || is_of (tag, "en"))
    return;
  while (spoken[i].language != NULL && !is_of (tag, spoken[i].language))
    i++;
  rules->columns = spoken[i].columns;
  rules->wide_columns = spoken[i].wide_columns;
  rules->speed = spoken[i].speed;
  rules->wide_speed = spoken[i].wide_speed;
}
