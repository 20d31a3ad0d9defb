/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 caption: what happens in a video as captions, in files of their own or beside its pictures and sound. */

#include <errno.h>
#include <math.h>
#include <string.h>

#include <gst/gst.h>

#include "base/error.h"
#include "command/command.h"
#include "cues/cues.h"
#include "film/film.h"
#include "mux/burn.h"
#include "mux/languages.h"
#include "mux/mux.h"
#include "run/describe.h"
#include "run/progress.h"
#include "run/signals.h"
#include "write/bytes.h"
#include "write/outputs.h"

/* What may be asked for, by the suffix of the name. */
static const struct
{
  const char *suffix;
  gboolean video;
  int kind;                     /* L4MuxKind or L4CueFile */
} kinds[] = {
  {".srt", FALSE, L4_CUE_FILE_SRT},
  {".vtt", FALSE, L4_CUE_FILE_VTT},
  {".ttml", FALSE, L4_CUE_FILE_TTML},
  {".ass", FALSE, L4_CUE_FILE_ASS},
  {".mkv", TRUE, L4_MUX_MKV},
  {".mp4", TRUE, L4_MUX_MP4},
  {".m4v", TRUE, L4_MUX_MP4},
  {".mov", TRUE, L4_MUX_MOV},
  {".webm", TRUE, L4_MUX_WEBM},
};

static struct
{
  char **outputs;
  gboolean burn, force, json;
  char *tag, *title;
} given;

static const GOptionEntry entries[] = {
  {"output", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &given.outputs,
      N_("File to write; its suffix says what: .srt .vtt .ttml .ass .mkv .mp4 .m4v .mov .webm; may be given several times "
            "(FILE with .srt for its suffix)"), "FILE"},
  {"burn", 0, 0, G_OPTION_ARG_NONE, &given.burn, N_("Draw the captions into the picture, which is encoded anew as H.264"), NULL},
  {"language-tag", 0, 0, G_OPTION_ARG_FILENAME, &given.tag, N_("Language that the captions are marked with (that of --language, or en)"), "TAG"},
  {"title", 0, 0, G_OPTION_ARG_FILENAME, &given.title, N_("Name of the stream of captions in a video (Descriptions)"), "TEXT"},
  {"force", 0, 0, G_OPTION_ARG_NONE, &given.force, N_("Overwrite files that are there already"), NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &given.json, N_("Print events as JSON, one a line, for other programs"), NULL},
  {NULL}
};

typedef struct
{
  const char *path;
  gboolean video;
  int kind;
  int file;
  L4Mux *mux;                   /* NULL: not of a video */
  guint64 duration;             /* of the film */
  L4Progress *progress;
} Output;

typedef struct
{
  const char *path;
  L4Film *film;
  const L4DescribeOptions *options;
  L4CueRules rules;
  char *tag;
  L4MuxOptions mux;
  L4Burn *burn;
  GPtrArray *outputs;           /* of Output */
  L4Progress *progress;
  GCancellable *cancellable;
  L4CueMaker *maker;
  guint n_windows, n_failed;
} Job;

/* Options ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
choose_language (Job *self, GError **error)
{
  const char *language = given.tag != NULL ? given.tag : self->options->language;

  if (given.title != NULL && !g_utf8_validate (given.title, -1, NULL))
    return l4_fail (error, L4_ERROR_INPUT, _("--title: is not valid UTF-8"));
  self->tag = l4_language_tag (language != NULL ? language : "en");
  if (given.tag != NULL && g_str_equal (self->tag, "und") && !g_str_equal (given.tag, "und"))
    return l4_fail (error, L4_ERROR_INPUT, _("--language-tag %s: is no tag of a language, such as en or pt-BR"), given.tag);
  self->mux.language = self->tag;
  self->mux.title = given.title != NULL ? given.title : "Descriptions";
  return TRUE;
}

/* Two frames are a gap where it is known how long they are. Of windows that overlap, each has what is its own alone. */
static gboolean
fit_rules (Job *self, GError **error)
{
  const double rate = l4_film_get_facts (self->film)->frame_rate;
  const guint64 own = self->options->window - self->options->overlap;

  if (rate >= 10 && rate <= 1000)
    self->rules.gap = (guint64) ceil (self->rules.gap_frames * 1e9 / rate);
  if (self->options->overlap > 0 && own < self->rules.shortest + self->rules.gap)
    return l4_fail (error, L4_ERROR_INPUT, _("--overlap: leaves %.2f s of every window, and a caption takes %.2f s"), (double) own / 1e9,
        (double) (self->rules.shortest + self->rules.gap) / 1e9);
  return TRUE;
}

/* Outputs ------------------------------------------------------------------------------------------------------------------------ */

static void
output_free (gpointer data)
{
  Output *output = data;

  l4_mux_free (output->mux);
  g_free (output);
}

/* FILE with .srt for its suffix. (transfer full) */
static char *
usual_output (const char *path)
{
  const char *slash = strrchr (path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr (name, '.');

  return g_strdup_printf ("%.*s.srt", (int) (dot != NULL && dot > name ? dot - path : (gssize) strlen (path)), path);
}

static gboolean
add_output (Job *self, L4Outputs *files, const char *path, GError **error)
{
  Output *output;
  guint kind = 0;

  for (; kind < G_N_ELEMENTS (kinds); kind++) {
    gsize length = strlen (path), suffix = strlen (kinds[kind].suffix);

    if (length > suffix && g_ascii_strcasecmp (path + length - suffix, kinds[kind].suffix) == 0)
      break;
  }
  if (kind == G_N_ELEMENTS (kinds))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: has none of the suffixes .srt .vtt .ttml .ass .mkv .mp4 .m4v .mov .webm"), path);
  if (given.burn && kinds[kind].video && kinds[kind].kind == L4_MUX_WEBM)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: WebM cannot hold H.264, which --burn makes"), path);
  output = g_new0 (Output, 1);
  *output = (Output) {.path = path,.video = kinds[kind].video,.kind = kinds[kind].kind,.progress = self->progress };
  output->duration = l4_film_get_facts (self->film)->duration;
  g_ptr_array_add (self->outputs, output);
  output->file = l4_outputs_add (files, path, error);
  return output->file >= 0;
}

/* What it cannot hold is said before the model runs. */
static gboolean
open_mux (Job *self, Output *output, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GPtrArray *left_out;

  output->mux = l4_mux_new (self->film, self->path, output->kind, &self->mux, self->cancellable, &failure);
  if (output->mux == NULL)
    return l4_fail (error, L4_ERROR_INPUT, "%s", failure->message);
  left_out = l4_mux_get_left_out (output->mux);
  for (guint i = 0; i < left_out->len; i++)
    l4_progress_say (self->progress, _("%s: cannot hold %s of %s, which is left out"), output->path,
        (const char *) g_ptr_array_index (left_out, i), self->path);
  if (l4_mux_shows_hidden (output->mux))
    l4_progress_say (self->progress, _("%s: begins with what %s hides before its beginning; only MP4 and MOV can hide it"), output->path, self->path);
  return TRUE;
}

static gboolean
open_outputs (Job *self, L4Outputs *files, const char *usual, GError **error)
{
  gboolean right = TRUE, video = FALSE;

  if (given.outputs == NULL)
    right = add_output (self, files, usual, error);
  for (char **path = given.outputs; right && path != NULL && *path != NULL; path++)
    right = add_output (self, files, *path, error);
  for (guint i = 0; right && i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    video = video || output->video;
    right = !output->video || open_mux (self, output, error);
  }
  if (right && given.burn && !video)
    return l4_fail (error, L4_ERROR_INPUT, _("--burn: needs an output that is a video (-o FILE.mkv, -o FILE.mp4)"));
  return right;
}

/* Describing --------------------------------------------------------------------------------------------------------------------- */

static gboolean
take_window (const L4DescribeWindow *window, gpointer data, GError **error)
{
  Job *self = data;

  l4_cue_maker_add (self->maker, window->start, window->end, window->text);
  l4_progress_window (self->progress, window->start, window->end, window->text, window->json);
  self->n_windows++;
  return TRUE;
}

static void
take_failure (guint64 start, guint64 end, const char *why, gpointer data)
{
  Job *self = data;

  l4_progress_say (self->progress, "%s: %s", self->path, why);
  self->n_failed++;
}

static void
take_warning (const char *what, gpointer data)
{
  Job *self = data;

  l4_progress_say (self->progress, "%s: %s", self->path, what);
}

static void
take_notice (const char *what, gpointer data)
{
  l4_progress_say (((Job *) data)->progress, "%s", what);
}

static void
take_loading (guint percent, gpointer data)
{
  l4_progress_set_loading (((Job *) data)->progress, percent);
}

static void
tick (gpointer data)
{
  l4_progress_tick (((Job *) data)->progress);
}

static gboolean
describe (Job *self, GError **error)
{
  const L4DescribeFuncs funcs = {
    .window = take_window,.failed = take_failure,.warning = take_warning,.loading = take_loading,.tick = tick,
    .notice = take_notice
  };
  const guint64 duration = l4_film_get_facts (self->film)->duration;
  g_autoptr (L4Describer) describer = l4_describer_new (self->options, FALSE, error);

  if (describer == NULL)
    return FALSE;
  l4_describer_model_tell (l4_describer_get_model (describer, NULL), self->progress);     /* what is wrong with it, loading will tell */
  l4_progress_set_total (self->progress, 1, MAX (duration, 1));
  l4_progress_begin (self->progress, self->path, MAX (duration, 1), 0, duration);
  if (!l4_describer_run (describer, self->film, 0, &funcs, self, self->cancellable, error))
    return FALSE;
  if (self->n_windows == 0)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: nothing could be said of it"), self->path);
  l4_progress_end (self->progress, "done", NULL);
  return TRUE;
}

/* Writing ------------------------------------------------------------------------------------------------------------------------ */

static void
show_progress (guint64 position, gpointer data)
{
  const Output *output = data;

  l4_progress_write (output->progress, output->path, position, output->duration);
}

static gboolean
write_text (const Output *output, GPtrArray *cues, const char *tag, GError **error)
{
  g_autofree char *text = l4_cues_to_file (cues, output->kind, tag);

  return l4_write_bytes (output->file, text, strlen (text))
      || l4_fail (error, L4_ERROR_INPUT, _("%s: cannot be written: %s"), output->path, g_strerror (errno));
}

static gboolean
write_video (Job *self, Output *output, GPtrArray *cues, GError **error)
{
  if (self->burn != NULL)
    l4_burn_set_cues (self->burn, cues);
  if (!l4_mux_write (output->mux, output->file, output->path, self->burn != NULL ? NULL : cues, show_progress, output, error))
    return FALSE;
  if (l4_mux_get_damaged (output->mux) > 0)
    l4_progress_say (self->progress, _("%s: cannot hold %u damaged packets of %s, which are left out"), output->path,
        l4_mux_get_damaged (output->mux), self->path);
  return TRUE;
}

static gboolean
write_outputs (Job *self, GPtrArray *cues, GError **error)
{
  for (guint i = 0; i < self->outputs->len; i++) {
    Output *output = g_ptr_array_index (self->outputs, i);

    if (output->video ? !write_video (self, output, cues, error) : !write_text (output, cues, self->tag, error))
      return FALSE;
  }
  return TRUE;
}

/* What the rules had to put up with. */
static void
tell_shortcomings (Job *self, guint n_cues)
{
  guint fast, cut;

  l4_cue_maker_get_counts (self->maker, &fast, &cut);
  if (fast > 0)
    l4_progress_say (self->progress, _("%s: %u of %u captions are to be read faster than %g characters a second"), self->path, fast, n_cues,
        self->rules.speed);
  if (cut > 0)
    l4_progress_say (self->progress, _("%s: %u descriptions are longer than their time holds, and end with an ellipsis"), self->path, cut);
  if (fast + cut > 0)
    l4_progress_say (self->progress, _("a longer --window, fewer --max-tokens or a --prompt that asks for less would help"));
}

static void
tell_results (Job *self, guint n_cues)
{
  for (guint i = 0; i < self->outputs->len; i++) {
    const char *path = ((Output *) g_ptr_array_index (self->outputs, i))->path;
    g_autofree char *name = l4_text_to_line (path, -1);

    l4_progress_written (self->progress, path);
    if (!given.json)
      printf (_("%s: %u captions\n"), name, n_cues);
  }
}

/* The job ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
caption (Job *self, L4Outputs *files, GError **error)
{
  static const char *const names[] = { "captions", "windows", "failed", "fast", "cut" };
  g_autoptr (GPtrArray) cues = NULL;
  guint fast, cut;

  if (!describe (self, error))
    return FALSE;
  cues = l4_cue_maker_finish (self->maker);
  tell_shortcomings (self, cues->len);
  if (!write_outputs (self, cues, error) || !l4_outputs_place (files, error))
    return FALSE;
  l4_cue_maker_get_counts (self->maker, &fast, &cut);
  tell_results (self, cues->len);
  l4_progress_finish (self->progress, names, (const guint[]) { cues->len, self->n_windows, self->n_failed, fast, cut }, G_N_ELEMENTS (names));
  return self->n_failed == 0;
}

static gboolean
prepare (Job *self, L4Outputs *files, const char *usual, GError **error)
{
  self->options = l4_describe_options (error);
  if (self->options == NULL || !choose_language (self, error) || !l4_cue_options (self->tag, &self->rules, error))
    return FALSE;
  self->film = l4_film_open (self->path, self->cancellable, error);
  if (self->film == NULL || !fit_rules (self, error))
    return FALSE;
  if (given.burn) {
    self->burn = l4_burn_new (self->path, self->rules.columns, self->cancellable);
    self->mux.pictures = l4_burn_get_pictures (self->burn);
  }
  return open_outputs (self, files, usual, error);
}

static gboolean
run (char **arguments, GError **error)
{
  Job job = { 0 };
  g_autoptr (L4Outputs) files = NULL;
  g_autofree char *usual = NULL;
  gboolean right;

  if (g_strv_length (arguments) != 1)
    return l4_fail (error, L4_ERROR_INPUT, _("one video is needed"));
  gst_init (NULL, NULL);
  job.path = arguments[0];
  files = l4_outputs_new (given.force, job.path);
  usual = usual_output (job.path);
  job.cancellable = l4_signals_begin ();
  job.progress = l4_progress_new (given.json ? L4_PROGRESS_JSON : L4_PROGRESS_PEOPLE);
  job.outputs = g_ptr_array_new_with_free_func (output_free);
  right = prepare (&job, files, usual, error);
  if (right) {
    job.maker = l4_cue_maker_new (&job.rules);
    right = caption (&job, files, error);
  }
  g_ptr_array_unref (job.outputs);
  l4_cue_maker_free (job.maker);
  l4_burn_free (job.burn);
  l4_film_close (job.film);
  l4_progress_free (job.progress);
  g_free (job.tag);
  g_clear_pointer (&files, l4_outputs_free);
  l4_signals_end ();
  return right;
}

static const char *const events[] = {
  L4_EVENTS_ALL, L4_EVENT_LOADING, L4_EVENTS_FILM, L4_EVENT_WRITING, L4_EVENT_WRITTEN,
  N_("summary  # The end of all (captions; windows; failed, windows that could not be described; fast, captions to be read faster than the "
      "rules say; cut, descriptions that were cut)."),
  NULL
};

static const L4Command command = {
  .name = "caption",
  .usage = N_("FILE"),
  .description = N_("Describes a video, window by window, and writes what was said as captions: into files of their own, or into a copy of "
      "the video with one more stream of subtitles, in which pictures, sound, other subtitles, attachments and chapters are as they were. "
      "What a container cannot hold is named and left out.\n\n"
      "Captions keep rules as broadcasters have them: how many lines and characters, how fast to read, how short and how long, how far "
      "apart, and where sentences are broken. Where a description is too long for its time, it is to be read faster; where no "
      "reader could, it is cut with an ellipsis; both are said.\n\n"
      "plain: 2 lines of 42 characters, 17 a second; of Chinese, Japanese and Korean 16, 9 a second; 5/6 s to 7 s, 2 frames apart. netflix: the same, "
      "but in English 20 characters a second, in Japanese lines of 13, 4 a second, in Korean 12 a second, in Russian lines of 39, in Thai of 35; gaps of "
      "up to half a second are closed to 2 frames (Timed Text Style Guide, https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617). bbc: 2 "
      "lines of 37 characters, 16 a second, which is 160 words a minute; gaps of a second at least, or none (Subtitle Guidelines, "
      "https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/).\n\n"
      "Files appear when all of them are whole, or not at all."),
  .examples = N_("llama4 caption film.mp4  # film.srt\n"
      "llama4 caption -o film.mkv -o film.vtt film.mp4  # a copy with subtitles, and WebVTT\n"
      "llama4 caption --rules netflix --language German -o out.mkv film.mkv  # in German, by the rules of Netflix\n"
      "llama4 caption --burn -o shown.mp4 film.mp4  # captions in the picture"),
  .exit_status = N_("1  # nothing was written, or some windows could not be described, which is said"),
  .entries = entries,
  .events = events,
};

int
main (int argc, char **argv)
{
  L4Command with_more = command;

  with_more.more[0] = l4_cue_entries ();
  with_more.more[1] = l4_describe_entries ();
  with_more.run = run;
  return l4_command_main (&with_more, argc, argv);
}
