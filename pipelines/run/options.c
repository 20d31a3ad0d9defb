/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How films are described, as options of a command line. */

#include "run/describe.h"

#include <math.h>

#include "base/i18n.h"
#include "command/command.h"

#define MAX_WINDOW 86400.0      /* seconds */

/* As they were given, before they are checked. */
static struct
{
  L4DescribeOptions options;
  double window, overlap;       /* seconds */
  char *decode, *memory_limit;
} given = {.options = {.frames = 4,.tiles = 1,.max_tokens = 100 },.window = 4 };

static const GOptionEntry entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &given.options.model_path,
      N_("Model: a GGUF file, a Hugging Face folder, a script of prepared answers (the embedded one)"), "FILE"},
  {"projector", 0, 0, G_OPTION_ARG_FILENAME, &given.options.projector_path, N_("Vision part of the model (found beside it)"), "FILE"},
  {"load", 0, 0, G_OPTION_ARG_FILENAME, &given.options.load, N_("Read the weights into memory, or map their file (read)"), "read|map"},
  {"prompt", 0, 0, G_OPTION_ARG_FILENAME, &given.options.prompt,
      N_("Question about every window; {start} {end} {timestamps} {frames} are filled in"), "TEXT"},
  {"system-prompt", 0, 0, G_OPTION_ARG_FILENAME, &given.options.system_prompt, N_("Instruction before the question"), "TEXT"},
  {"language", 0, 0, G_OPTION_ARG_FILENAME, &given.options.language, N_("Language to answer in, such as German"), "NAME"},
  {"window", 0, 0, G_OPTION_ARG_DOUBLE, &given.window, N_("Seconds of one description (4)"), "SECONDS"},
  {"overlap", 0, 0, G_OPTION_ARG_DOUBLE, &given.overlap, N_("Seconds that a window shares with the next (0)"), "SECONDS"},
  {"frames", 0, 0, G_OPTION_ARG_INT, &given.options.frames, N_("Pictures shown of every window (4)"), "N"},
  {"tiles", 0, 0, G_OPTION_ARG_INT, &given.options.tiles, N_("Most tiles that a picture is split into (1)"), "N"},
  {"max-tokens", 0, 0, G_OPTION_ARG_INT, &given.options.max_tokens, N_("Longest description, in tokens (100)"), "N"},
  {"no-cuts", 0, 0, G_OPTION_ARG_NONE, &given.options.no_cuts, N_("Do not begin windows anew at hard cuts"), NULL},
  {"decode", 0, 0, G_OPTION_ARG_FILENAME, &given.decode,
      N_("Which frames are decoded: key frames, all, or key frames where they are dense enough (auto)"), "auto|keys|all"},
  {"threads", 0, 0, G_OPTION_ARG_INT, &given.options.threads, N_("Threads that compute; 0: one for every CPU (0)"), "N"},
  {"memory-limit", 0, 0, G_OPTION_ARG_FILENAME, &given.memory_limit,
      N_("Bytes for weights and caches, K, M or G behind them for more (what is free)"), "BYTES"},
  {NULL}
};

const GOptionEntry *
l4_describe_entries (void)
{
  return entries;
}

G_GNUC_PRINTF (2, 3)
static gboolean
wrong (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (L4_ERROR, L4_ERROR_INPUT, format, args));
  va_end (args);
  return FALSE;
}

static gboolean
check_text (const char *option, const char *text, GError **error)
{
  const char *end;

  return text == NULL || g_utf8_validate (text, -1, &end)
      || wrong (error, _("--%s: byte %zu is not valid UTF-8"), option, (gsize) (end - text));
}

static gboolean
check_number (const char *option, int value, int least, int most, GError **error)
{
  return (value >= least && value <= most)
      || wrong (error, _("--%s %d: must be %d to %d"), option, value, least, most);
}

static gboolean
check_seconds (const char *option, double value, double least, double most, guint64 *nanoseconds, GError **error)
{
  if (!(value >= least && value <= most))       /* whatever is no number is neither */
    return wrong (error, _("--%s %g: must be %g to %g seconds"), option, value, least, most);
  *nanoseconds = llround (value * 1e9);
  return TRUE;
}

static gboolean
check_decode (GError **error)
{
  static const char *const names[] = {[L4_FILM_DECODE_AUTO] = "auto",[L4_FILM_DECODE_KEYS] = "keys",[L4_FILM_DECODE_ALL] = "all" };

  if (given.decode == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (given.decode, names[i])) {
      given.options.decode = i;
      return TRUE;
    }
  return wrong (error, _("--decode %s: must be auto, keys or all"), given.decode);
}

const L4DescribeOptions *
l4_describe_options (GError **error)
{
  L4DescribeOptions *self = &given.options;
  gboolean right = check_text ("prompt", self->prompt, error) && check_text ("system-prompt", self->system_prompt, error)
      && check_text ("language", self->language, error) && check_seconds ("window", given.window, 0.1, MAX_WINDOW, &self->window, error)
      && check_seconds ("overlap", given.overlap, 0, given.window * 63 / 64, &self->overlap, error)
      && check_number ("frames", self->frames, 1, 64, error) && check_number ("tiles", self->tiles, 1, 16, error)
      && check_number ("max-tokens", self->max_tokens, 1, 65536, error)
      && check_number ("threads", self->threads, 0, L4_MAX_THREADS, error) && check_decode (error)
      && l4_command_parse_bytes ("memory-limit", given.memory_limit, &self->memory_limit, error);

  if (right && self->load != NULL && !g_str_equal (self->load, "read") && !g_str_equal (self->load, "map"))
    right = wrong (error, _("--load %s: must be read or map"), self->load);
  return right ? self : NULL;
}
