;;; emacs-complete.el --- Types a dot, takes what Kedge offers, prints the line and the servers -*- lexical-binding: t -*-

;; Refuses to ask a server itself: `completion-at-point' does, through the
;; client; here is only what a popup would do with its answer.
;; Arguments: eglot or lsp-mode, FILE, LINE.

(require 'package)
(require 'seq)

(defun kedge-test-choose (start end table predicate)
  "Insert the candidate that Kedge is shown to offer, as a popup does."
  (let* ((annotate (plist-get completion-extra-properties :annotation-function))
         (finish (plist-get completion-extra-properties :exit-function))
         (typed (buffer-substring start end))
         (candidates (all-completions typed table predicate))
         (chosen (seq-find (lambda (candidate)
                             (string-match-p "kedge:" (or (funcall annotate candidate) "")))
                           candidates)))
    (when chosen
      (delete-region start end)
      (insert chosen)
      (funcall finish chosen 'finished))))

(defun kedge-test-start (client)
  "Start the servers that CLIENT has for this buffer; return their names."
  (pcase client
    ("eglot"
     (setq eglot-connect-timeout 300
           eglot-sync-connect t)
     (let (server names)
       ;; rass leaves out a server that takes longer than three seconds: the user reconnects.
       (while (not (member "kedge" names))
         (when server (ignore-errors (eglot-shutdown server)))
         (setq server (apply #'eglot--connect (eglot--guess-contact))
               names (split-string (plist-get (eglot--server-info server) :name) "+")))
       names))
    ("lsp-mode"
     (setq lsp-auto-guess-root t
           lsp-restart 'ignore)
     (lsp)
     (while (not (seq-every-p (lambda (workspace) (eq 'initialized (lsp--workspace-status workspace)))
                              (lsp-workspaces)))
       (accept-process-output nil 0.1))
     (mapcar (lambda (workspace) (symbol-name (lsp--workspace-server-id workspace)))
             (lsp-workspaces)))))

(pcase-let ((`(,client ,file ,line) command-line-args-left))
  (setq command-line-args-left nil)
  (package-initialize)
  (require (intern client))
  (find-file file)
  (let ((servers (kedge-test-start client)))
    (goto-char (point-min))
    (forward-line (1- (string-to-number line)))
    (end-of-line)
    (setq last-command-event ?.)
    (call-interactively #'self-insert-command)
    (setq completion-in-region-function #'kedge-test-choose)
    ;; Until context and window are read the answers are empty, and a client gives up
    ;; on a slow one: the user asks again.
    (let ((before (buffer-chars-modified-tick)))
      (while (= before (buffer-chars-modified-tick))
        (with-demoted-errors "Asking again: %S" (completion-at-point))
        (sleep-for 3)))
    (princ (format "%s\n%s\n"
                   (buffer-substring (line-beginning-position) (line-end-position))
                   (mapconcat #'identity (sort servers #'string<) " ")))))
