# Stands in for Vagrant: runs a Vagrantfile and prints, as JSON, every call and every setting in it.
# A block (of a machine, of a provider) becomes a list of calls of its own. Whatever the Vagrantfile calls is recorded.
require "json"

class Recorder < BasicObject
  attr_reader :calls

  def initialize
    @calls = []
  end

  def record(name, arguments, options, block)
    call = { name: name.to_s.chomp("="), arguments: arguments, options: options }
    if block
      inner = ::Recorder.new
      block.call(inner)
      call[:calls] = inner.calls
    end
    @calls << call
  end

  # `config.vm.hostname = "x"` is the call "vm.hostname"; `config.vm` alone waits for what follows.
  def method_missing(name, *arguments, **options, &block)
    return ::Section.new(self, name) if arguments.empty? && options.empty? && block.nil?

    record(name, arguments, options, block)
  end
end

class Section < BasicObject
  def initialize(recorder, name)
    @recorder = recorder
    @name = name
  end

  def method_missing(name, *arguments, **options, &block)
    @recorder.record("#{@name}.#{name}", arguments, options, block)
  end
end

module Vagrant
  RECORDER = Recorder.new

  def self.require_version(*) = nil

  def self.configure(_version) = yield(RECORDER)
end

load ARGV.fetch(0)
puts JSON.generate(Vagrant::RECORDER.calls)
