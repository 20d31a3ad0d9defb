/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 convert: a Hugging Face folder, or a GGUF file, to GGUF files of another type. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "blocks/quantise.h"
#include "cli/bar.h"
#include "cli/cli.h"
#include "cli/repack.h"
#include "convert/convert.h"
#include "convert/describe.h"
#include "files/file.h"
#include "files/json.h"
#include "tokenizer/tokenizer.h"

#define MAX_WORDS 1000

typedef struct
{
  const char *path;             /* of the model to read */
  const char *out;
  const char *projector_in;
  char *projector_out;
  char *name;                   /* of the model, for people */
  L4Type type, projector_type;
  gint threads;
  gboolean no_projector;
  L4Checkpoint *checkpoint;
  L4Config *config;
} Job;

static void
job_clear (Job *self)
{
  g_free (self->projector_out);
  g_free (self->name);
  l4_checkpoint_free (self->checkpoint);
  l4_config_free (self->config);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Job, job_clear)

/* The two files -------------------------------------------------------------------------------------------------------- */

static gboolean
write_weights (const Job *job, GArray *layout, L4Type type, const char *path, L4GgufWriter *writer, GError **error)
{
  L4Bar bar;
  const L4Convert options = { job->checkpoint, &job->config->text.rope, type, (guint) job->threads, l4_bar_begin (&bar, path), &bar };

  return l4_convert (&options, layout, writer, error);
}

static gboolean
write_projector (const Job *job, L4GgufWriter *writer, GError **error)
{
  g_autoptr (GArray) layout = l4_layout_vision (&job->config->vision, job->config->text.hidden);

  l4_gguf_put_vision (writer, &job->config->vision, job->config->text.hidden, job->name, job->projector_type);
  return write_weights (job, layout, job->projector_type, job->projector_out, writer, error);
}

/* A value of a JSON file of the folder; NULL where there is none. (transfer full) */
static char *
string_in_json (const char *folder, const char *file, const char *key)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr (L4Json) json = g_file_test (path, G_FILE_TEST_EXISTS) ? l4_json_load (path, L4_GGUF_MAX_STRING, NULL) : NULL;
  yyjson_val *value = NULL;

  if (json == NULL || !l4_json_get (json, json->root, key, YYJSON_TYPE_STR, &value, NULL) || value == NULL)
    return NULL;
  return g_strdup (yyjson_get_str (value));
}

/* The prompt's template, which we copy and do not use; wherever the folder or file has it. (transfer full) */
static char *
find_template (const Job *job)
{
  g_autofree char *path = g_build_filename (job->path, "chat_template.jinja", NULL);
  const L4Gguf *gguf = l4_checkpoint_get_gguf (job->checkpoint);
  const char *text = NULL;
  char *found = NULL;
  gsize length;

  if (gguf != NULL)
    return l4_gguf_get_string (gguf, "tokenizer.chat_template", &text, NULL) ? g_strdup (text) : NULL;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    found = l4_file_load (path, L4_GGUF_MAX_STRING, &length, NULL);
  if (found == NULL)
    found = string_in_json (job->path, "chat_template.json", "chat_template");
  if (found == NULL)
    found = string_in_json (job->path, "tokenizer_config.json", "chat_template");
  if (found != NULL && !g_utf8_validate (found, -1, NULL))
    g_clear_pointer (&found, g_free);
  return found;
}

static gboolean
put_tokenizer (const Job *job, L4GgufWriter *writer, GError **error)
{
  g_autoptr (L4Tokenizer) tokenizer = l4_tokenizer_load_for (job->checkpoint, error);
  g_autofree char *template = find_template (job);
  gint64 vocab = job->config->text.vocab;

  if (tokenizer == NULL)
    return FALSE;
  if (l4_tokenizer_get_size (tokenizer) > vocab)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: has %u ids, the model only %" PRId64), l4_tokenizer_get_path (tokenizer),
        l4_tokenizer_get_size (tokenizer), vocab);
  l4_tokenizer_put (tokenizer, job->config, writer);
  if (template != NULL)
    l4_gguf_writer_put_string (writer, "tokenizer.chat_template", template);
  return TRUE;
}

/* A list of words, such as languages. */
static void
put_words (const L4Gguf *gguf, const char *key, L4GgufWriter *writer)
{
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func (g_free);
  g_autofree L4GgufString *words = NULL;
  gsize n = 0;

  if (!l4_gguf_get_strings (gguf, key, 1, MAX_WORDS, &words, &n, NULL))
    return;
  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (copies, g_strndup (words[i].text, words[i].length));
  l4_gguf_writer_put_strings (writer, key, n, (const char *const *) copies->pdata);
}

/* Who made the model, under which licence, of what, and whatever else a file says of it: that stays. */
static void
put_origin (const L4Gguf *gguf, L4GgufWriter *writer)
{
  static const char *const own[] = { "general.architecture", "general.type", "general.name", "general.file_type", "general.quantization_version",
    "general.alignment", NULL };

  for (guint i = 0; i < l4_gguf_get_n_keys (gguf); i++) {
    const char *key = l4_gguf_get_key (gguf, i), *text;
    gint64 number;

    if (!g_str_has_prefix (key, "general.") || g_strv_contains (own, key))
      continue;
    if (l4_gguf_is_array (gguf, key))
      put_words (gguf, key, writer);
    else if (l4_gguf_get_string (gguf, key, &text, NULL))
      l4_gguf_writer_put_string (writer, key, text);
    else if (l4_gguf_get_int (gguf, key, 0, G_MAXUINT32, &number, NULL))
      l4_gguf_writer_put_uint (writer, key, (guint32) number);
  }
}

static gboolean
write_model (const Job *job, L4GgufWriter *writer, GError **error)
{
  const L4Gguf *gguf = l4_checkpoint_get_gguf (job->checkpoint);
  g_autoptr (GArray) layout = NULL;

  if (!l4_gguf_put_text (writer, &job->config->text, job->name, job->type, job->path, error) || !put_tokenizer (job, writer, error))
    return FALSE;
  if (gguf != NULL)
    put_origin (gguf, writer);
  layout = l4_layout_text (&job->config->text, job->config->text_prefix);
  return write_weights (job, layout, job->type, job->out, writer, error);
}

/* Both get their names only when both are whole. */
static gboolean
convert (const Job *job, GError **error)
{
  g_autoptr (L4GgufWriter) projector = NULL, model = l4_gguf_writer_new (job->out, error);

  if (model == NULL || (job->projector_out != NULL && (projector = l4_gguf_writer_new (job->projector_out, error)) == NULL))
    return FALSE;
  return (projector == NULL || write_projector (job, projector, error)) && write_model (job, model, error)
      && (projector == NULL || l4_gguf_writer_finish (projector, error)) && l4_gguf_writer_finish (model, error);
}

/* The command ---------------------------------------------------------------------------------------------------------- */

/* The last part of a path, without .gguf. (transfer full) */
static char *
stem (const char *path)
{
  char *name = g_path_get_basename (path);

  if (g_str_has_suffix (name, ".gguf"))
    name[strlen (name) - strlen (".gguf")] = '\0';
  return name;
}

/* What the model is called, or else its file or folder. (transfer full) */
static char *
find_name (const Job *job)
{
  const L4Gguf *gguf = l4_checkpoint_get_gguf (job->checkpoint);
  g_autofree char *absolute = g_canonicalize_filename (job->path, NULL);
  const char *name = NULL;

  if (gguf != NULL)
    l4_gguf_get_string (gguf, "general.name", &name, NULL);
  return name != NULL && *name != '\0' ? g_strdup (name) : stem (absolute);
}

static gboolean
prepare (Job *job, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (job->out), *out_stem = stem (job->out), *file = NULL, *named = NULL;

  if (!l4_cli_check_threads (job->threads, error))
    return FALSE;
  job->checkpoint = l4_checkpoint_open (job->path, job->projector_in, error);
  job->config = job->checkpoint != NULL ? l4_config_load (job->checkpoint, error) : NULL;
  if (job->config == NULL)
    return FALSE;
  named = find_name (job);
  job->name = l4_text_to_line (named, -1);      /* a folder may be called anything */
  if (job->config->has_vision && !job->no_projector) {
    file = g_strdup_printf ("mmproj-%s-%s.gguf", out_stem, l4_type_name (job->projector_type));
    job->projector_out = g_build_filename (folder, file, NULL);
  }
  return TRUE;
}

static char *type, *projector, *projector_type;
static gboolean no_projector, stream;
static gint threads;

static const GOptionEntry entries[] = {
  {"type", 0, 0, G_OPTION_ARG_FILENAME, &type, N_("Type of the weights (BF16)"), L4_CLI_WRITTEN_TYPES},
  {"projector", 0, 0, G_OPTION_ARG_FILENAME, &projector, N_("Vision part of a GGUF model"), "FILE"},
  {"projector-type", 0, 0, G_OPTION_ARG_FILENAME, &projector_type, N_("Type of the weights of the vision part (F16)"), L4_CLI_WRITTEN_TYPES},
  {"no-projector", 0, 0, G_OPTION_ARG_NONE, &no_projector, N_("Leave the vision part out"), NULL},
  {"stream", 0, 0, G_OPTION_ARG_NONE, &stream, N_("Repack the experts once, into a file beside the model that --load stream reads"), NULL},
  {"threads", 0, 0, G_OPTION_ARG_INT, &threads, N_("Threads; 0: one for every CPU (0)"), "N"},
  {NULL}
};

/* --stream leaves types and vision part as they are. */
static gboolean
run_stream (char **arguments, GError **error)
{
  if (g_strv_length (arguments) != 1)
    return l4_fail (error, L4_ERROR_INPUT, _("convert --stream needs a model and nothing else: its file lies beside the model"));
  if (type != NULL || projector_type != NULL || no_projector)
    return l4_fail (error, L4_ERROR_INPUT, _("convert --stream keeps the model's types and leaves its vision part alone: %s does not go with it"),
        type != NULL ? "--type" : projector_type != NULL ? "--projector-type" : "--no-projector");
  return l4_cli_check_threads (threads, error) && l4_cli_repack (arguments[0], projector, (guint) threads, error);
}

static gboolean
run (char **arguments, GError **error)
{
  g_auto (Job) job = {.path = arguments[0],.projector_in = projector,.no_projector = no_projector,.threads = threads };

  if (stream)
    return run_stream (arguments, error);
  if (g_strv_length (arguments) != 2)
    return l4_fail (error, L4_ERROR_INPUT, _("convert needs a model and the name of the file to write"));
  job.out = arguments[1];
  job.type = type != NULL ? l4_type_from_name (type) : L4_TYPE_BF16;
  job.projector_type = projector_type != NULL ? l4_type_from_name (projector_type) : L4_TYPE_F16;
  if (!prepare (&job, error) || !convert (&job, error))
    return FALSE;
  if (!l4_gguf_is_common (&job.config->text))
    fprintf (stderr, _("note: %s has a shape that llama.cpp has no keys for; only this project computes it as it is meant\n"),
        job.path);
  return TRUE;
}

const L4Command l4_cli_convert = {
  .name = "convert",
  .usage = "MODEL OUT.gguf | --stream MODEL",
  .description = N_("Writes a Hugging Face folder, or a GGUF file in another type, as a GGUF file. The vision part lands beside it as "
      "mmproj-OUT-TYPE.gguf. Files appear whole or not at all; one that is there is replaced.\n\n"
      "With --stream it writes the routed experts of a model that is larger than memory once more, as they lie in memory: into MODEL.experts, of "
      "several files beside the first, of a folder into model.experts in it. That takes about as much of the disk as the model. Whoever loads the "
      "model so that experts are streamed reads them from there, as long as the model is what it was; nothing else reads that file, and it may be "
      "removed at any time."),
  .examples = N_("llama4 convert Llama-4-Scout-17B-16E-Instruct scout-q4.gguf --type Q4_K  # Quantise a folder.\n"
      "llama4 convert --stream scout-q4.gguf  # Repack its experts, for machines with less memory than that."),
  .entries = entries,
  .run = run,
};
