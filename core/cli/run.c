/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 run: answers a prompt about pictures, text as it comes. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/picture-file.h"
#include "command/command.h"
#include "files/file.h"
#include "output/text.h"

#define MAX_SCHEMA (4u << 20)   /* bytes */

static struct
{
  char **images, **documents;
  char *session;
  char *system, *projector, *load, *memory_limit, *kv_type, *vision_type, *schema;
  gint max_tokens, tiles, threads;
  guint64 memory_bytes;         /* of memory_limit */
  double temperature, top_p, prune;
  gint64 seed;
  gboolean json;
} options = {.max_tokens = 100,.top_p = 1 };

static const GOptionEntry entries[] = {
  {"image", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.images, N_("A picture; may stand several times"), "FILE"},
  {"system", 0, 0, G_OPTION_ARG_FILENAME, &options.system, N_("System prompt"), "TEXT"},
  {"document", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.documents, N_("A text that the question is about, after the system prompt; may stand several times"), "FILE"},
  {"session", 0, 0, G_OPTION_ARG_FILENAME, &options.session, N_("Keep what is computed of system prompt and documents in this file, and take it from there when it is there"), "FILE"},
  {"max-tokens", 0, 0, G_OPTION_ARG_INT, &options.max_tokens, N_("Longest answer (100)"), "N"},
  {"temperature", 0, 0, G_OPTION_ARG_DOUBLE, &options.temperature, N_("Randomness; 0: none (0)"), "T"},
  {"top-p", 0, 0, G_OPTION_ARG_DOUBLE, &options.top_p, N_("Share of the likeliest words to choose from (1)"), "P"},
  {"seed", 0, 0, G_OPTION_ARG_INT64, &options.seed, N_("Start of the random numbers (0)"), "N"},
  {"tiles", 0, 0, G_OPTION_ARG_INT, &options.tiles, N_("Most tiles a picture; 0: what the model allows (0)"), "N"},
  {"prune", 0, 0, G_OPTION_ARG_DOUBLE, &options.prune, N_("Leave out parts of a picture that differ by this share of full scale at most from the picture that showed them last (0)"), "SHARE"},
  {"threads", 0, 0, G_OPTION_ARG_INT, &options.threads, N_("Threads; 0: one for every CPU (0)"), "N"},
  {"projector", 0, 0, G_OPTION_ARG_FILENAME, &options.projector, N_("Vision part of the model"), "FILE"},
  {"load", 0, 0, G_OPTION_ARG_FILENAME, &options.load, N_("Read the weights into memory, map their file, or read experts when they are needed"), L4_CLI_LOAD},
  {"memory-limit", 0, 0, G_OPTION_ARG_FILENAME, &options.memory_limit, N_("Bytes for weights and caches, K, M or G behind them for more (what is free)"), "BYTES"},
  {"vision-type", 0, 0, G_OPTION_ARG_FILENAME, &options.vision_type, N_("How the vision part's weights are kept"), L4_CLI_PRECISION},
  {"kv-type", 0, 0, G_OPTION_ARG_FILENAME, &options.kv_type, N_("How keys and values are kept"), L4_CLI_PRECISION},
  {"schema", 0, 0, G_OPTION_ARG_FILENAME, &options.schema, N_("A JSON Schema; the answer is JSON that it allows"), "FILE"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("One JSON object instead of text"), NULL},
  {NULL}
};

static gboolean
check_options (GError **error)
{
  if (options.max_tokens < 1)
    return l4_fail (error, L4_ERROR_INPUT, _("--max-tokens %d: must be at least 1"), options.max_tokens);
  if (options.tiles < 0)
    return l4_fail (error, L4_ERROR_INPUT, _("--tiles %d: must not be negative"), options.tiles);
  if (!(options.prune >= 0 && options.prune <= 1))
    return l4_fail (error, L4_ERROR_INPUT, _("--prune %g: must be between 0 and 1"), options.prune);
  if (!(options.temperature >= 0 && options.temperature <= G_MAXDOUBLE))
    return l4_fail (error, L4_ERROR_INPUT, _("--temperature %g: is not a number from 0 on"), options.temperature);
  if (!(options.top_p >= 0 && options.top_p <= 1))
    return l4_fail (error, L4_ERROR_INPUT, _("--top-p %g: must be between 0 and 1"), options.top_p);
  return l4_cli_check_threads (options.threads, error)
      && l4_command_parse_bytes ("memory-limit", options.memory_limit, &options.memory_bytes, error);
}

static char *
read_standard_input (GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];
  size_t n;

  while ((n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    g_string_append_len (text, buffer, n);
  if (ferror (stdin)) {
    l4_fail (error, L4_ERROR_IO, _("standard input: %s"), g_strerror (errno));
    return NULL;
  }
  if (strlen (text->str) == text->len && g_utf8_validate (text->str, text->len, NULL))
    return g_string_free (g_steal_pointer (&text), FALSE);
  l4_fail (error, L4_ERROR_INPUT, _("standard input: is not UTF-8 text"));
  return NULL;
}

/* The first argument is the model if it is a file or looks like one; then comes the prompt. */
static gboolean
sort_arguments (char **rest, char **model, char **prompt, GError **error)
{
  guint n = g_strv_length (rest);
  gboolean first_is_model = n == 2 || (n == 1 && (g_file_test (rest[0], G_FILE_TEST_EXISTS) || strchr (rest[0], '/') != NULL));
  const char *text = n > (guint) first_is_model ? rest[first_is_model] : "Describe what you see.";

  if (n > 2)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: more than a model and a prompt"), rest[2]);
  *model = first_is_model ? g_strdup (rest[0]) : NULL;
  *prompt = g_str_equal (text, "-") ? read_standard_input (error) : g_strdup (text);
  return *prompt != NULL;
}

static void
on_text (const char *text, gpointer user_data)
{
  fputs (text, stdout);
  l4_command_flush ();
}

/* A model may say whatever its pictures show; escape sequences on a sign must not reach who looks. */
static void
on_text_for_terminal (const char *text, gpointer user_data)
{
  g_autofree char *safe = l4_text_to_terminal (text);

  on_text (safe, user_data);
}

static void
print_figures (const L4Answer *answer)
{
  fprintf (stderr, _("%u tokens in the prompt, %u generated (%s); vision %.0f ms, prompt %.0f ms, generation %.0f ms\n"),
      answer->prompt_tokens, answer->generated_tokens, l4_finish_to_string (answer->finish), answer->vision_us / 1e3,
      answer->prefill_us / 1e3, answer->decode_us / 1e3);
}

/* The text of --schema, checked before a model is loaded for it. (transfer full) */
static gboolean
read_schema (char **schema, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gsize length;

  *schema = NULL;
  if (options.schema == NULL)
    return TRUE;
  *schema = l4_file_load (options.schema, MAX_SCHEMA, &length, error);
  if (*schema == NULL || !l4_cli_check_text (options.schema, *schema, error))
    return FALSE;
  if (strlen (*schema) < length)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: byte %zu is not valid UTF-8"), options.schema, strlen (*schema));
  return l4_schema_check (*schema, &problem) || l4_fail (error, problem->code, "%s: %s", options.schema, problem->message);
}

static gboolean
answer (L4Model *model, const char *background, const char *prompt, const char *schema, GError **error)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, TRUE, sizeof (L4Part));
  g_autoptr (GPtrArray) pixels = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (L4Session) session = l4_session_new (model);
  const L4Part system = {.text = background };
  g_autoptr (GError) unsaved = NULL;
  const L4GenerateOptions generate = {.max_tokens = options.max_tokens,.temperature = options.temperature,.top_p = options.top_p,
    .seed = options.seed,.max_tiles = options.tiles,.prune = options.prune,.kv_int8 = l4_cli_is (options.kv_type, "int8"),.schema = schema
  };
  g_auto (L4Answer) result = { 0 };
  L4Message messages[2];
  gsize n = 0;
  L4Part text = {.text = prompt };

  for (guint i = 0; options.images != NULL && options.images[i] != NULL; i++) {
    L4Part part = { 0 };
    guint8 *data = NULL;

    if (!l4_picture_file_load (options.images[i], &part.picture.width, &part.picture.height, &data, error))
      return FALSE;
    g_ptr_array_add (pixels, data);
    part.picture.pixels = data;
    part.picture.stride = (gsize) part.picture.width * 3;
    g_array_append_val (parts, part);
  }
  g_array_append_val (parts, text);
  if (background != NULL)
    messages[n++] = (L4Message) { L4_ROLE_SYSTEM, &system, 1 };
  if (options.session != NULL && !l4_cli_keep_background (session, options.session, &messages[0], &generate, &unsaved, error))
    return FALSE;
  messages[n++] = (L4Message) { L4_ROLE_USER, (const L4Part *) parts->data, parts->len };
  if (!l4_session_answer (session, messages, n, &generate, options.json ? NULL : isatty (STDOUT_FILENO) ? on_text_for_terminal
          : on_text, NULL, NULL, &result, error))
    return FALSE;
  if (options.json) {
    const L4Record record = {.model = l4_model_get_info (model),.answer = &result };
    g_autofree char *json = l4_record_to_json (&record);

    puts (json);
  } else {
    putchar ('\n');
    l4_command_flush ();            /* before the figures, where both go to one file */
    print_figures (&result);
  }
  if (unsaved == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&unsaved));        /* who waited long has the answer at least */
  return FALSE;
}

/* Who names no model is told which one answered; not before it did, or an error would not stand alone. */
static void
tell_limits (L4Model *model)
{
  const char *limits = l4_model_get_info (model)->limits;

  if (limits != NULL)
    fprintf (stderr, _("llama4: this was the small built-in model: %s; the argument MODEL takes a real one\n"), limits);
}

static void
tell_note (L4Model *model)
{
  const char *note = l4_model_get_info (model)->note;

  if (note != NULL)
    fprintf (stderr, "llama4: %s\n", note);
}

static gboolean
run (char **arguments, GError **error)
{
  g_autofree char *path = NULL, *prompt = NULL, *schema = NULL, *background = NULL;
  g_autoptr (L4Model) model = NULL;
  L4LoadOptions load;

  if (!check_options (error) || !sort_arguments (arguments, &path, &prompt, error)
      || !l4_cli_check_text ("--system", options.system, error) || !l4_cli_check_text (_("prompt"), prompt, error)
      || !read_schema (&schema, error) || !l4_cli_read_background (options.system, options.documents, &background, error))
    return FALSE;
  if (options.session != NULL && background == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("--session %s: there is neither --system nor --document whose tokens it could hold"), options.session);
  load = (L4LoadOptions) {
    .model_path = path,
    .projector_path = options.projector,
    .memory_limit = options.memory_bytes,
    .load = l4_load_from_string (options.load),
    .vision_int8 = l4_cli_is (options.vision_type, "int8"),
    .threads = options.threads,
    .for_pictures = options.images != NULL,
    .text_only = options.images == NULL,
  };
  model = l4_model_load (&load, NULL, NULL, NULL, error);
  if (model == NULL || !answer (model, background, prompt, schema, error))
    return FALSE;
  if (path == NULL || *path == '\0')
    tell_limits (model);
  tell_note (model);
  return TRUE;
}

const L4Command l4_cli_run = {
  .name = "run",
  .usage = "[MODEL] [PROMPT | -]",
  .description = N_("Shows the pictures to the model, asks the PROMPT (of standard input with -; without one, what there is to see) and prints the "
      "answer as it is generated, then on standard error what it took. A single argument is the model when it is a file or has a slash.\n\n"
      "On a terminal control characters of an answer are left out; elsewhere it comes as the model gave it. With --schema the answer "
      "is one value that the schema allows, on one line; where --max-tokens are too few for the shortest such value, it fails.\n\n"
      "With --session the file is made when it is not there, and the next run with the same model, --kv-type, --system and --document begins "
      "where the question does; documents that got longer at their end are computed from there on, and the file is written anew. A file of "
      "other weights, settings or texts is an error and stays as it is. It takes as much as llama4 plan says of the cache, and whoever can "
      "read it can read the documents."),
  .examples = N_("llama4 run --image photo.jpg \"What is in this picture?\"  # Ask the embedded model about a picture.\n"
      "llama4 run scout.gguf --image a.png --image b.png \"What changed?\"  # Ask another one about two.\n"
      "llama4 run scout.gguf --json - < prompt.txt  # Take the prompt from a file, and get the record.\n"
      "llama4 run scout.gguf --document book.txt --session book.session \"Who dies in the end?\"  # Ask about a long text, and the next time at once.\n"
      "llama4 run scout.gguf --schema seen.json --image photo.jpg \"What is there?\"  # Get an answer that programs can read."),
  .entries = entries,
  .run = run,
};
