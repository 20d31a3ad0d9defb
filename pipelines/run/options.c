/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How films are described: as options of a command line, and as properties of the element. */

#include "run/options.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "command/command.h"

#define MAX_WINDOW 86400.0      /* seconds */
#define MAX_SCHEMA (4u << 20)   /* bytes, as the element has it */

/* As they were given, before they are checked. */
static struct
{
  L4DescribeOptions options;
  double window, overlap;       /* seconds */
  char *decode, *memory_limit, *schema;
} given = {.options = {.frames = 4,.tiles = 1,.max_tokens = 100 },.window = 4 };

static const GOptionEntry entries[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &given.options.model_path,
      N_("Model: a GGUF file, a Hugging Face folder, a script of prepared answers (the embedded one)"), "FILE"},
  {"projector", 0, 0, G_OPTION_ARG_FILENAME, &given.options.projector_path, N_("Vision part of the model (found beside it)"), "FILE"},
  {"load", 0, 0, G_OPTION_ARG_FILENAME, &given.options.load, N_("Read the weights into memory, map their file, or read experts when they are needed (auto)"), "auto|read|map|stream"},
  {"prompt", 0, 0, G_OPTION_ARG_FILENAME, &given.options.prompt,
      N_("Question about every window; {start} {end} {timestamps} {frames} {schema} are filled in"), "TEXT"},
  {"system-prompt", 0, 0, G_OPTION_ARG_FILENAME, &given.options.system_prompt, N_("Instruction before the question"), "TEXT"},
  {"language", 0, 0, G_OPTION_ARG_FILENAME, &given.options.language, N_("Language to answer in, such as German"), "NAME"},
  {"schema", 0, 0, G_OPTION_ARG_FILENAME, &given.schema, N_("A JSON Schema; what is said is JSON that it allows"), "FILE"},
  {"question", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given.options.questions,
      N_("Question about every window that is answered by yes or no: how likely yes is goes into records; may be given several times"), "TEXT"},
  {"window", 0, 0, G_OPTION_ARG_DOUBLE, &given.window, N_("Seconds of one description (4)"), "SECONDS"},
  {"overlap", 0, 0, G_OPTION_ARG_DOUBLE, &given.overlap, N_("Seconds that a window shares with the next (0)"), "SECONDS"},
  {"frames", 0, 0, G_OPTION_ARG_INT, &given.options.frames, N_("Pictures shown of every window (4)"), "N"},
  {"tiles", 0, 0, G_OPTION_ARG_INT, &given.options.tiles, N_("Most tiles that a picture is split into (1)"), "N"},
  {"max-tokens", 0, 0, G_OPTION_ARG_INT, &given.options.max_tokens, N_("Longest description, in tokens (100)"), "N"},
  {"no-cuts", 0, 0, G_OPTION_ARG_NONE, &given.options.no_cuts, N_("Do not begin windows anew at hard cuts"), NULL},
  {"decode", 0, 0, G_OPTION_ARG_FILENAME, &given.decode,
      N_("Which frames are decoded: key frames, all, or key frames where they are dense enough (auto)"), "auto|keys|all"},
  {"threads", 0, 0, G_OPTION_ARG_INT, &given.options.threads, N_("Threads that compute; 0: one for every CPU (0)"), "N"},
  {"ahead", 0, 0, G_OPTION_ARG_INT, &given.options.ahead,
      N_("Windows described at once, each with memory of its own; 0: 4, with prepared answers 1 (0)"), "N"},
  {"memory-limit", 0, 0, G_OPTION_ARG_FILENAME, &given.memory_limit,
      N_("Bytes for weights and caches, K, M or G behind them for more (what is free)"), "BYTES"},
  {NULL}
};

const GOptionEntry *
l4_describe_entries (void)
{
  return entries;
}

static gboolean
check_seconds (const char *option, double value, double least, double most, guint64 *nanoseconds, GError **error)
{
  if (!(value >= least && value <= most))       /* whatever is no number is neither */
    return l4_fail (error, L4_ERROR_INPUT, _("--%s %g: must be %g to %g seconds"), option, value, least, most);
  *nanoseconds = llround (value * 1e9);
  return TRUE;
}

/* Whatever else may have the name: reading a device may never end. */
static gboolean
read_schema (const char *path, char **schema, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gsize length;
  GStatBuf status;

  if (path == NULL)
    return TRUE;
  if (g_stat (path, &status) == 0 && (!S_ISREG (status.st_mode) || status.st_size > MAX_SCHEMA))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is no file of up to %u bytes"), path, MAX_SCHEMA);
  if (!g_file_get_contents (path, schema, &length, error))
    return FALSE;
  if (!g_utf8_validate_len (*schema, length, NULL))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is not UTF-8 text"), path);
  return l4_schema_check (*schema, &problem) || l4_fail (error, problem->code, "%s: %s", path, problem->message);
}

/* The element takes them in one text. */
static gboolean
check_questions (char **questions, GError **error)
{
  for (char **question = questions; question != NULL && *question != NULL; question++) {
    if (!l4_command_check_text ("question", *question, error))
      return FALSE;
    if (strpbrk (*question, ";\n") != NULL || (*question)[strspn (*question, " \t")] == '\0')
      return l4_fail (error, L4_ERROR_INPUT, _("--question \"%s\": must have neither semicolon nor line end, and something else"), *question);
  }
  return TRUE;
}

/* The command knows that it is one of these. */
static L4FilmDecode
find_decode (void)
{
  return g_strcmp0 (given.decode, "keys") == 0 ? L4_FILM_DECODE_KEYS : g_strcmp0 (given.decode, "all") == 0 ? L4_FILM_DECODE_ALL
      : L4_FILM_DECODE_AUTO;
}

const L4DescribeOptions *
l4_describe_options (GError **error)
{
  L4DescribeOptions *self = &given.options;

  self->decode = find_decode ();
  return l4_command_check_text ("prompt", self->prompt, error)
      && l4_command_check_text ("system-prompt", self->system_prompt, error) && l4_command_check_text ("language", self->language, error)
      && read_schema (given.schema, &self->schema, error) && check_questions (self->questions, error)
      && check_seconds ("window", given.window, 0.1, MAX_WINDOW, &self->window, error)
      && check_seconds ("overlap", given.overlap, 0, given.window * 63 / 64, &self->overlap, error)
      && l4_command_check_number ("frames", self->frames, 1, 64, error) && l4_command_check_number ("tiles", self->tiles, 1, 16, error)
      && l4_command_check_number ("max-tokens", self->max_tokens, 1, 65536, error)
      && l4_command_check_number ("threads", self->threads, 0, L4_MAX_THREADS, error)
      && l4_command_check_number ("ahead", self->ahead, 0, 64, error)
      && l4_command_parse_bytes ("memory-limit", given.memory_limit, &self->memory_limit, error) ? self : NULL;
}

/* Weights are read for several at once, and nothing waits while pictures are decoded. Prepared answers take no time, and belong to windows
 * in their order only with one. */
static guint
choose_ahead (const L4DescribeOptions *options)
{
  if (options->ahead > 0)
    return options->ahead;
  return options->model_path != NULL && g_str_has_suffix (options->model_path, ".script") ? 1 : 4;
}

static void
set_questions (GstElement *describe, char **questions)
{
  g_autofree char *lines = questions != NULL ? g_strjoinv ("\n", questions) : NULL;

  if (lines != NULL)
    g_object_set (describe, "questions", lines, NULL);
}

void
l4_describe_set_up (GstElement *describe, const L4DescribeOptions *options)
{
  g_object_set (describe, "model-path", options->model_path, "projector-path", options->projector_path, "threads", options->threads,
      "memory-limit", options->memory_limit, NULL);
  if (options->load != NULL)
    gst_util_set_object_arg (G_OBJECT (describe), "load", options->load);
  if (options->prompt != NULL)
    g_object_set (describe, "prompt", options->prompt, NULL);
  g_object_set (describe, "system-prompt", options->system_prompt, "language", options->language, NULL);
  if (options->schema != NULL)
    g_object_set (describe, "schema", options->schema, NULL);
  set_questions (describe, options->questions);
  if (options->window > 0)
    g_object_set (describe, "window", options->window, NULL);
  g_object_set (describe, "overlap", options->overlap, NULL);
  if (options->frames > 0)
    g_object_set (describe, "frames", options->frames, NULL);
  if (options->tiles > 0)
    g_object_set (describe, "tiles", options->tiles, NULL);
  if (options->max_tokens > 0)
    g_object_set (describe, "max-tokens", options->max_tokens, NULL);
  g_object_set (describe, "cuts", !options->no_cuts, "ahead", choose_ahead (options), NULL);
}

char *
l4_describe_prompt_digest (GstElement *describe)
{
  static const char *const names[] = { "prompt", "system-prompt", "language" };
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *text = NULL;

    g_object_get (describe, names[i], &text, NULL);
    g_checksum_update (sum, (const guchar *) (text != NULL ? text : ""), text != NULL ? strlen (text) + 1 : 1);
  }
  return g_strconcat ("sha256:", g_checksum_get_string (sum), NULL);
}
